//! What a call touched and how it went, out of its line.

use crate::detail::{Access, Address, Contact, Detail, Field, Outcome, PathText, Reader};

use super::constants::value;
use super::quoted;

/// Arguments of a call that are looked at, at most.
const MOST_ARGUMENTS: usize = 8;

/// What the call `name` of the process `tgid` touched by the text behind its opening bracket;
/// nothing where that says nothing, or nothing that is understood.
pub(super) fn details(name: &[u8], rest: &[u8], tgid: u32) -> impl Iterator<Item = Detail> {
    let name = std::str::from_utf8(name).unwrap_or_default();
    let readers = [Reader::of(name), Reader::also_of(name)];
    readers.into_iter().flatten().filter_map(move |reader| {
        let detail = detail(reader, rest, tgid)?;
        Some(detail).filter(|detail| !is_loose(detail))
    })
}

/// Whether it is where a symbolic link points to by a path that is relative to the link: nobody
/// knows yet what that is.
fn is_loose(detail: &Detail) -> bool {
    matches!(detail, Detail::Path(Access::LinkFrom, path) if !path.is_absolute())
}

fn detail(reader: Reader, rest: &[u8], tgid: u32) -> Option<Detail> {
    let arguments = arguments(rest);
    let at = |place: u8| arguments.get(usize::from(place)).copied();
    match reader {
        Reader::Open { path, flags } => {
            let access = Access::of_open(value(at(flags)?)?);
            Some(of_path(access, at(path)?))
        }
        Reader::OpenHow { path, how } => {
            let access = Access::of_open(value(field(at(how)?, "flags=")?)?);
            Some(of_path(access, at(path)?))
        }
        Reader::Path { access, path, .. } => Some(of_path(access, at(path)?)),
        Reader::Address { contact, address } => of_address(contact, at(address)?),
        Reader::Message => {
            let message = at(1)?;
            let name = message.windows(10).position(|it| it == b"msg_name={")?;
            of_address(Contact::Send, &message[name..])
        }
        // strace prints the call that it stands for, and the arguments of the old mmap as those of
        // the new one.
        Reader::SocketCall | Reader::MapStructure => None,
        Reader::CloneStructure { argument } => {
            let flags = value(field(at(argument)?, "flags=")?)?;
            Some(Detail::Number(Field::Clone, flags & !0xff))
        }
        // strace names the arguments of clone: child_stack=NULL, flags=CLONE_VM|SIGCHLD.
        Reader::Number {
            field: Field::Clone,
            bits,
            ..
        } => {
            let flags = arguments.iter().find_map(|it| it.strip_prefix(b"flags="));
            Some(Detail::Number(Field::Clone, value(flags?)? & bits))
        }
        Reader::Socket => numbers(reader, &arguments, &[0, 1], tgid),
        Reader::Map => numbers(reader, &arguments, &[2, 3], tgid),
        Reader::Protect => numbers(reader, &arguments, &[2], tgid),
        Reader::Number { argument, .. } => numbers(reader, &arguments, &[argument], tgid),
        Reader::Signal { signal, process } => {
            let places = [signal, process.unwrap_or(signal)];
            numbers(reader, &arguments, &places, tgid)
        }
        Reader::ForeignMemory { .. } => numbers(reader, &arguments, &[0], tgid),
    }
}

/// How the call went by what stands behind its last ` = `.
pub(super) fn outcome(rest: &[u8]) -> Option<Outcome> {
    let at = rest.windows(3).rposition(|window| window == b" = ")?;
    let result = std::str::from_utf8(&rest[at + 3..]).ok()?;
    match result.strip_prefix("-1 ") {
        Some(error) => {
            let name = error.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
            Some(Outcome::of_error_name(name))
        }
        None => match result.strip_prefix("? ") {
            Some(error) => Some(Outcome::of_error_name(error.split(' ').next()?)),
            None => result
                .starts_with(|first: char| first.is_ascii_digit())
                .then_some(Outcome::Ok),
        },
    }
}

fn numbers(reader: Reader, arguments: &[&[u8]], places: &[u8], tgid: u32) -> Option<Detail> {
    let mut values = [0; 6];
    for &place in places {
        let place = usize::from(place);
        // A descriptor is printed with its file behind it (`-y`).
        let text = arguments.get(place)?;
        let text = text.split(|&byte| byte == b'<').next().unwrap_or(text);
        values[place] = value(text)?;
    }
    reader.detail(&values, None, None, tgid)
}

fn of_path(access: Access, text: &[u8]) -> Detail {
    match string(text) {
        Some(path) => Detail::Path(access, PathText::new(&path)),
        // An address: the memory could not be read.
        None => Detail::UnreadablePath(access),
    }
}

/// The bytes of a printed string.
fn string(text: &[u8]) -> Option<Vec<u8>> {
    let inside = text.strip_prefix(b"\"")?;
    let end = quoted::end(inside)?;
    Some(quoted::unescaped(&inside[..end]))
}

/// What stands behind `name` in a printed structure, up to the next comma or bracket outside of
/// quotes.
fn field<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let at = text
        .windows(name.len())
        .position(|it| it == name.as_bytes())?;
    let rest = &text[at + name.len()..];
    if let Some(inside) = rest.strip_prefix(b"\"") {
        let end = quoted::end(inside)?;
        return rest.get(..end + 2);
    }
    let end = rest.iter().position(|byte| b",})".contains(byte));
    rest.get(..end.unwrap_or(rest.len()))
}

fn of_address(contact: Contact, text: &[u8]) -> Option<Detail> {
    if text == b"NULL" {
        return None;
    }
    let Some(family) = field(text, "sa_family=") else {
        return Some(Detail::UnreadableAddress(contact));
    };
    let address = match family {
        b"AF_INET" => {
            let ip = field(text, "inet_addr(")?;
            internet(ip, field(text, "sin_port=htons(")?)?
        }
        b"AF_INET6" => {
            // inet_pton(AF_INET6, "::1", &sin6_addr), with or without sin6_addr= before it.
            let at = text
                .windows(20)
                .position(|it| it == b"inet_pton(AF_INET6, ")?;
            internet(&text[at + 20..], field(text, "sin6_port=htons(")?)?
        }
        b"AF_UNIX" | b"AF_LOCAL" => unix(text)?,
        other => Address::Family(u16::try_from(value(other)?).ok()?),
    };
    Some(Detail::Address(contact, address))
}

fn internet(ip: &[u8], port: &[u8]) -> Option<Address> {
    let ip = String::from_utf8(string(ip)?).ok()?;
    let ip: std::net::IpAddr = ip.parse().ok()?;
    let port = u16::try_from(value(port)?).ok()?;
    Some(Address::Internet(ip.to_canonical(), Some(port)))
}

fn unix(text: &[u8]) -> Option<Address> {
    let path = match field(text, "sun_path=") {
        // An abstract name: sun_path=@"name".
        Some(rest) if rest.starts_with(b"@") => {
            let at = text.windows(10).position(|it| it == b"sun_path=@")?;
            let name = string(&text[at + 10..])?;
            [b"@".to_vec(), name].concat()
        }
        Some(path) => string(path)?,
        None => Vec::new(),
    };
    Some(Address::Unix(PathText::new(&path)))
}

/// The arguments as they are printed, without the blanks around them: what stands between commas
/// outside of quotes and brackets, up to the closing bracket.
fn arguments(rest: &[u8]) -> Vec<&[u8]> {
    let mut arguments = Vec::new();
    let (mut start, mut depth, mut at) = (0, 0_u32, 0);
    while at < rest.len() && arguments.len() < MOST_ARGUMENTS {
        match rest[at] {
            b'"' => {
                let inside = &rest[at + 1..];
                at += 1 + quoted::end(inside).unwrap_or(inside.len());
            }
            // `-y` prints the file behind a descriptor: 3</a, b>. A lone `<` is the mark of an
            // unfinished call.
            b'<' if at > start && rest[at - 1].is_ascii_alphanumeric() => {
                let inside = &rest[at..];
                let end = inside.iter().position(|&byte| byte == b'>');
                at += end.unwrap_or(0);
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => depth -= 1,
            b')' => break,
            b',' if depth == 0 => {
                arguments.push(rest[start..at].trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    let last = rest[start.min(rest.len())..at.min(rest.len())].trim_ascii();
    let last = last.strip_suffix(b"<unfinished ...>").unwrap_or(last);
    arguments.push(last.trim_ascii());
    arguments
}

#[cfg(test)]
mod tests;
