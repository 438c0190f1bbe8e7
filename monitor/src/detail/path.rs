//! Paths, and what of them a service makes up anew each time.

use std::fmt;
use std::sync::Arc;

/// In the place of text that a program makes up: no path has this byte.
pub(super) const ANY: u8 = 0;

/// A path as a process gave it, or, generalised, with wildcards in it.
///
/// `Display` escapes everything that is not printable ASCII and shows a wildcard as `*`.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PathText(Arc<[u8]>);

/// Hexadecimal digits from which on a word of nothing else is made up, and letters or digits of one
/// that mixes them.
const LEAST_HEX: usize = 8;
const LEAST_MIXED: usize = 6;

impl PathText {
    /// Bytes of a path that are kept: the kernel's own limit is 4096, but those that programs use
    /// are shorter.
    pub const LONGEST: usize = 512;

    /// The path up to its first NUL.
    #[must_use]
    pub fn new(path: &[u8]) -> Self {
        let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
        Self(path[..path.len().min(Self::LONGEST)].into())
    }

    /// A path in which NUL stands for a wildcard.
    pub(super) fn with_wildcards(path: &[u8]) -> Self {
        Self(path[..path.len().min(Self::LONGEST)].into())
    }

    /// The bytes, wildcards as NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it says by itself where the file is.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.0.first() == Some(&b'/')
    }

    /// Its components; those of an absolute path begin with an empty one.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/')
    }

    /// The path without `.`, `..` and doubled slashes, its numbers, hashes and temporary names as
    /// wildcards, as far as its folder leaves that open ([`is_exact`]). `tgid` is the process whose
    /// `/proc/PID` is its own.
    ///
    /// `..` is taken away by name alone: behind a symbolic link the kernel goes elsewhere.
    #[must_use]
    pub fn generalised(&self, tgid: u32) -> Self {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let absolute = self.is_absolute();
        for component in self.components() {
            match component {
                b"" | b"." => {}
                b".." if absolute => {
                    parts.pop();
                }
                b".." if parts.last().is_some_and(|last| last != b"..") => {
                    parts.pop();
                }
                component => parts.push(component.to_vec()),
            }
        }
        if absolute && parts.first().is_some_and(|first| first == b"proc") {
            generalise_proc(&mut parts, tgid);
        } else {
            for place in 0..parts.len() {
                if !(absolute && is_exact(&parts[..place])) {
                    parts[place] = generalise(&parts[place]);
                }
            }
        }
        let mut path = Vec::with_capacity(self.0.len());
        for (place, part) in parts.iter().enumerate() {
            if absolute || place > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(part);
        }
        if path.is_empty() {
            path.push(if absolute { b'/' } else { b'.' });
        }
        Self::with_wildcards(&path)
    }
}

/// Whether names in this folder mean what they say: no wildcard stands for one of them. These are
/// where a system keeps what it trusts, so that a name beside the learned ones is news.
#[must_use]
pub fn is_exact<T: AsRef<[u8]>>(folder: &[T]) -> bool {
    let at = |place: usize| folder.get(place).map(AsRef::as_ref);
    let hidden = folder.iter().any(|part| {
        let part = part.as_ref();
        part.len() > 1 && part[0] == b'.' && part != b".."
    });
    match at(0) {
        Some(b"etc" | b"root" | b"boot" | b"proc" | b"bin" | b"sbin") => true,
        Some(b"home") => hidden,
        Some(b"var") => at(1) == Some(b"spool") && matches!(at(2), Some(b"cron" | b"at")),
        Some(b"usr") => {
            matches!(at(1), Some(b"bin" | b"sbin"))
                || at(1) == Some(b"local") && matches!(at(2), Some(b"bin" | b"sbin"))
        }
        _ => false,
    }
}

/// `/proc/PID` of the process itself is `/proc/self`, that of another a wildcard, but for 1, which
/// is the host's own; what lies in it stays by name.
fn generalise_proc(parts: &mut [Vec<u8>], tgid: u32) {
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let own = tgid.to_string().into_bytes();
    if let Some(pid) = parts.get_mut(1) {
        if *pid == own || pid == b"thread-self" {
            *pid = b"self".to_vec();
        } else if is_number(pid) && pid != b"1" {
            *pid = vec![ANY];
        }
    }
    for part in parts.iter_mut().skip(2).filter(|part| is_number(part)) {
        *part = vec![ANY];
    }
}

/// A component with what programs make up replaced: runs of digits, hashes, uuids, words of mixed
/// letters and digits, and what stands behind `tmp`.
fn generalise(component: &[u8]) -> Vec<u8> {
    if let Some(start) = component.windows(UUID).position(is_uuid) {
        let (before, rest) = component.split_at(start);
        let behind = generalise(&rest[UUID..]);
        return [&generalise(before), &[ANY][..], &behind].concat();
    }
    let mut general = Vec::with_capacity(component.len());
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut rest = component;
    while !rest.is_empty() {
        let length =
            temporary(rest).unwrap_or_else(|| rest.iter().take_while(|byte| is_word(byte)).count());
        if length == 0 {
            general.push(rest[0]);
            rest = &rest[1..];
            continue;
        }
        let (word, behind) = rest.split_at(length);
        rest = behind;
        if word.starts_with(TEMPORARY) && length > TEMPORARY.len() && is_temporary(word) {
            general.extend_from_slice(TEMPORARY);
            any(&mut general);
        } else if is_made_up(word) {
            any(&mut general);
        } else {
            digits(&mut general, word);
        }
    }
    // Wildcards with only separators between them are one: a uuid, a date.
    let mut short: Vec<u8> = Vec::with_capacity(general.len());
    for byte in general {
        let separator = short.len() >= 2
            && short[short.len() - 2] == ANY
            && matches!(short[short.len() - 1], b'-' | b'_' | b':');
        if byte == ANY && separator {
            short.pop();
        } else {
            short.push(byte);
        }
    }
    short
}

/// What names of temporary files begin with.
const TEMPORARY: &[u8] = b"tmp";

/// The length of the name of a temporary file at the start of `text`, which may have `_` in it.
fn temporary(text: &[u8]) -> Option<usize> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let length = text.iter().take_while(is_part).count();
    let word = &text[..length];
    (word.starts_with(TEMPORARY) && is_temporary(word)).then_some(length)
}

/// Whether `tmp` is followed by made-up letters: eight of them (Python's tempfile), or digits among
/// six.
fn is_temporary(word: &[u8]) -> bool {
    let rest = word.strip_prefix(TEMPORARY).unwrap_or(word);
    rest.len() == 8 || rest.len() >= 6 && has_digit(rest)
}

/// Characters of a uuid (RFC 9562).
const UUID: usize = 36;

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn any(general: &mut Vec<u8>) {
    if general.last() != Some(&ANY) {
        general.push(ANY);
    }
}

fn has_digit(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
}

/// A word with its runs of digits as wildcards.
fn digits(general: &mut Vec<u8>, word: &[u8]) {
    for &byte in word {
        if byte.is_ascii_digit() {
            any(general);
        } else {
            general.push(byte);
        }
    }
}

/// Whether no person chose this word: a long hexadecimal number, or letters and digits, or capitals
/// and small letters, in more than three changes.
fn is_made_up(word: &[u8]) -> bool {
    if word.len() >= LEAST_HEX && has_digit(word) && word.iter().all(u8::is_ascii_hexdigit) {
        return true;
    }
    if word.len() < LEAST_MIXED {
        return false;
    }
    let class = |byte: &u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        _ => 2,
    };
    let changes = word
        .windows(2)
        .filter(|pair| class(&pair[0]) != class(&pair[1]))
        .count();
    changes > 3 || changes * 2 >= word.len()
}

impl fmt::Display for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0.iter() {
            match byte {
                ANY => f.write_str("*")?,
                b'*' => f.write_str("\\x2a")?,
                // Quotes need no escape here, and paths are easier to read without.
                b'\'' | b'"' => write!(f, "{}", char::from(byte))?,
                byte => write!(f, "{}", byte.escape_ascii())?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests;
