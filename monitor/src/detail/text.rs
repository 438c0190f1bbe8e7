//! Details as text, and back.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

use super::path::ANY;
use super::{Access, Address, Contact, Detail, Field, PathText};

/// In the place of what could not be read.
const UNREADABLE: &str = "?";

/// A path of that one character, which a process is free to name, escaped so that it is not taken
/// for an unreadable one.
const LIKE_UNREADABLE: &str = "\\x3f";

/// A text that no detail has.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{0:?} is no detail of a call as this monitor writes it")]
pub struct NoDetail(pub String);

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(access, path) if path.to_string() == UNREADABLE => {
                write!(f, "{}:{LIKE_UNREADABLE}", access.name())
            }
            Self::Path(access, path) => write!(f, "{}:{path}", access.name()),
            Self::Address(contact, address) => write!(f, "{}:{address}", contact.name()),
            Self::Number(field, number) => write!(f, "{}:{number}", field.name()),
            Self::UnreadablePath(access) => write!(f, "{}:{UNREADABLE}", access.name()),
            Self::UnreadableAddress(contact) => write!(f, "{}:{UNREADABLE}", contact.name()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet(ip, Some(port)) => write!(f, "{}", SocketAddr::new(*ip, *port)),
            Self::Internet(IpAddr::V4(ip), None) => write!(f, "{ip}:*"),
            Self::Internet(IpAddr::V6(ip), None) => write!(f, "[{ip}]:*"),
            Self::Unix(path) => write!(f, "unix:{path}"),
            Self::Family(family) => write!(f, "family:{family}"),
        }
    }
}

impl FromStr for Detail {
    type Err = NoDetail;

    fn from_str(text: &str) -> Result<Self, NoDetail> {
        let detail = parse(text).filter(|detail| detail.to_string() == text);
        // There is one way to write a detail: another was not made by `Display`.
        detail.ok_or_else(|| NoDetail(text.chars().take(80).collect()))
    }
}

fn parse(text: &str) -> Option<Detail> {
    let (word, rest) = text.split_once(':')?;
    if let Some(access) = Access::ALL.into_iter().find(|it| it.name() == word) {
        return Some(match rest {
            UNREADABLE => Detail::UnreadablePath(access),
            path => Detail::Path(access, path_back(path)?),
        });
    }
    if let Some(contact) = Contact::ALL.into_iter().find(|it| it.name() == word) {
        return Some(match rest {
            UNREADABLE => Detail::UnreadableAddress(contact),
            address => Detail::Address(contact, address_back(address)?),
        });
    }
    let field = Field::ALL.into_iter().find(|it| it.name() == word)?;
    Some(Detail::Number(field, rest.parse().ok()?))
}

fn address_back(text: &str) -> Option<Address> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(Address::Unix(path_back(path)?));
    }
    if let Some(family) = text.strip_prefix("family:") {
        return Some(Address::Family(family.parse().ok()?));
    }
    if let Some(ip) = text.strip_suffix(":*") {
        let ip = ip.trim_start_matches('[').trim_end_matches(']');
        return Some(Address::Internet(ip.parse().ok()?, None));
    }
    let address: SocketAddr = text.parse().ok()?;
    Some(Address::Internet(address.ip(), Some(address.port())))
}

/// A path from how it is shown.
fn path_back(text: &str) -> Option<PathText> {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        let (byte, behind) = match *rest {
            [] => break,
            [b'*', ref behind @ ..] => (ANY, behind),
            [b'\\', b'x', high, low, ref behind @ ..] => {
                let hex = |digit: u8| char::from(digit).to_digit(16);
                let byte = u8::try_from(hex(high)? * 16 + hex(low)?).ok()?;
                if byte == ANY {
                    return None;
                }
                (byte, behind)
            }
            [b'\\', letter, ref behind @ ..] => {
                let byte = match letter {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'\\' => b'\\',
                    _ => return None,
                };
                (byte, behind)
            }
            [byte, ref behind @ ..] => (byte, behind),
        };
        path.push(byte);
        rest = behind;
    }
    (path.len() <= PathText::LONGEST).then(|| PathText::with_wildcards(&path))
}

#[cfg(test)]
mod tests {
    use super::{Access, Address, Contact, Detail, Field, PathText};

    fn back(detail: &Detail) -> Detail {
        detail.to_string().parse().expect("its own text")
    }

    #[test]
    fn every_detail_reads_back_from_its_text() {
        let mut details = Vec::new();
        for access in Access::ALL {
            details.push(Detail::UnreadablePath(access));
            for path in [
                &b"/etc/shadow"[..],
                b"a b\"'\\*\x01\xff",
                b"",
                b"/",
                b"?",
                b"??",
            ] {
                let path = PathText::new(path);
                details.push(Detail::Path(access, path.generalised(1)));
                details.push(Detail::Path(access, path));
            }
        }
        for contact in Contact::ALL {
            details.push(Detail::UnreadableAddress(contact));
            for (ip, port) in [("127.0.0.1", Some(1)), ("::1", Some(65535)), ("::1", None)] {
                let ip = ip.parse().expect("an address");
                details.push(Detail::Address(contact, Address::Internet(ip, port)));
            }
            let path = PathText::new(b"@abstract*");
            details.push(Detail::Address(contact, Address::Unix(path)));
            details.push(Detail::Address(contact, Address::Family(16)));
        }
        details.extend(Field::ALL.map(|field| Detail::Number(field, u64::MAX)));
        for detail in &details {
            assert_eq!(&back(detail), detail);
        }
    }

    #[test]
    fn what_no_detail_is_written_as_is_refused() {
        for text in [
            "",
            "read",
            "read:\\x00",
            "read:\\x41",
            "read:é",
            "memory:",
            "memory:07",
            "memory:-1",
            "connect:1.2.3.4",
            "connect:unix",
            "touch:/x",
            "read:\\q",
        ] {
            assert!(text.parse::<Detail>().is_err(), "{text}");
        }
        let long = format!("read:/{}", "x".repeat(PathText::LONGEST));
        assert!(long.parse::<Detail>().is_err());
    }
}
