//! Whom a socket has to do with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::PathText;

/// What is done with an address.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Contact {
    /// Connected to.
    Connect,
    /// Made the socket's own.
    Bind,
    /// Sent to without being connected.
    Send,
}

impl Contact {
    /// Every contact.
    pub const ALL: [Self; 3] = [Self::Connect, Self::Bind, Self::Send];

    /// The word of the text form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Bind => "bind",
            Self::Send => "send",
        }
    }
}

/// An address of a socket.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Address {
    /// Of the internet; `None` as the port stands for any that a client is given.
    Internet(IpAddr, Option<u16>),
    /// A path, or a name that begins with `@` of an abstract socket; empty of one without a name.
    Unix(PathText),
    /// Of another family (`AF_NETLINK` is 16): only which.
    Family(u16),
}

/// Where an address of the internet lies.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reach {
    /// The host itself.
    Loopback,
    /// 169.254.169.254 or fd00:ec2::254, where clouds keep a machine's credentials.
    Metadata,
    /// The same link.
    LinkLocal,
    /// A private network (RFC 1918, RFC 6598, RFC 4193).
    Private,
    /// Many at once.
    Multicast,
    /// No particular one.
    Unspecified,
    /// The internet.
    Public,
}

impl Reach {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Metadata => "metadata service",
            Self::LinkLocal => "link-local",
            Self::Private => "private",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Public => "public",
        }
    }

    /// Where `ip` lies.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => Self::of_v6(ip),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        let [a, b, ..] = ip.octets();
        // Shared address space of RFC 6598: 100.64.0.0/10.
        let is_shared = a == 100 && b & 0xc0 == 64;
        if ip.octets() == [169, 254, 169, 254] {
            Self::Metadata
        } else if ip.is_loopback() {
            Self::Loopback
        } else if ip.is_link_local() {
            Self::LinkLocal
        } else if ip.is_private() || is_shared {
            Self::Private
        } else if ip.is_multicast() || ip.is_broadcast() {
            Self::Multicast
        } else if ip.is_unspecified() {
            Self::Unspecified
        } else {
            Self::Public
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        if ip.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] {
            Self::Metadata
        } else if ip.is_loopback() {
            Self::Loopback
        } else if ip.is_unicast_link_local() {
            Self::LinkLocal
        } else if ip.is_unique_local() {
            Self::Private
        } else if ip.is_multicast() {
            Self::Multicast
        } else if ip.is_unspecified() {
            Self::Unspecified
        } else {
            Self::Public
        }
    }
}

/// The first port that Linux gives to clients (`net.ipv4.ip_local_port_range`).
const EPHEMERAL: u16 = 32_768;

impl Address {
    /// The address in `bytes`, a `struct sockaddr` as it lies in memory (`include/uapi/linux/in.h`,
    /// `in6.h`, `un.h`); `None` when it is shorter than its family says.
    #[must_use]
    pub fn from_sockaddr(bytes: &[u8]) -> Option<Self> {
        let (family, rest) = bytes.split_first_chunk::<2>()?;
        let family = u16::from_ne_bytes(*family);
        match i32::from(family) {
            libc::AF_INET => {
                let (port, rest) = rest.split_first_chunk::<2>()?;
                let ip: &[u8; 4] = rest.first_chunk()?;
                Some(Self::Internet(
                    (*ip).into(),
                    Some(u16::from_be_bytes(*port)),
                ))
            }
            libc::AF_INET6 => {
                let (port, rest) = rest.split_first_chunk::<2>()?;
                let ip: &[u8; 16] = rest.get(4..)?.first_chunk()?;
                let ip = IpAddr::from(*ip).to_canonical();
                Some(Self::Internet(ip, Some(u16::from_be_bytes(*port))))
            }
            libc::AF_UNIX => Some(Self::Unix(unix(rest))),
            _ => Some(Self::Family(family)),
        }
    }

    /// Without the port that a client was given by chance, and without numbers that programs make
    /// up in paths.
    #[must_use]
    pub fn generalised(&self, contact: Contact) -> Self {
        match self {
            // Of whom is connected to, the port says which service it is.
            Self::Internet(ip, Some(port)) if contact != Contact::Connect && *port >= EPHEMERAL => {
                Self::Internet(*ip, None)
            }
            Self::Unix(path) => Self::Unix(path.generalised(0)),
            other => other.clone(),
        }
    }
}

fn unix(path: &[u8]) -> PathText {
    match path.split_first() {
        // An abstract name begins with NUL and may hold more of them.
        Some((0, name)) => {
            let end = name
                .iter()
                .rposition(|&byte| byte != 0)
                .map_or(0, |at| at + 1);
            let name = name[..end]
                .iter()
                .map(|&byte| if byte == 0 { b'@' } else { byte });
            let name: Vec<u8> = std::iter::once(b'@').chain(name).collect();
            PathText::new(&name)
        }
        _ => PathText::new(path.split(|&byte| byte == 0).next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Contact, Reach};

    fn ip(text: &str) -> std::net::IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn every_reach_is_told() {
        for (text, reach) in [
            ("127.9.9.9", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("169.254.169.254", Reach::Metadata),
            ("fd00:ec2::254", Reach::Metadata),
            ("169.254.1.1", Reach::LinkLocal),
            ("10.1.2.3", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("100.128.0.1", Reach::Public),
            ("8.8.8.8", Reach::Public),
            ("2001:db8::1", Reach::Public),
            ("0.0.0.0", Reach::Unspecified),
            ("224.0.0.1", Reach::Multicast),
        ] {
            assert_eq!(Reach::of(ip(text)), reach, "{text}");
        }
    }

    #[test]
    fn addresses_are_read_as_they_lie_in_memory() {
        let inet = [2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let expected = Address::Internet(ip("127.0.0.1"), Some(80));
        assert_eq!(Address::from_sockaddr(&inet), Some(expected));
        for end in 0..8 {
            assert_eq!(Address::from_sockaddr(&inet[..end]), None, "cut at {end}");
        }
        let unix = |path: &[u8]| Address::from_sockaddr(&[&[1, 0], path].concat());
        let named = |name: &[u8]| Some(Address::Unix(super::PathText::new(name)));
        assert_eq!(unix(b"/run/docker.sock\0rest"), named(b"/run/docker.sock"));
        assert_eq!(unix(b"\0bus\0\0"), named(b"@bus"));
        assert_eq!(unix(b""), named(b""));
        assert_eq!(
            Address::from_sockaddr(&[16, 0, 0, 0]),
            Some(Address::Family(16))
        );
    }

    #[test]
    fn only_ports_given_by_chance_are_forgotten() {
        let address = Address::Internet(ip("10.0.0.1"), Some(50_000));
        assert_eq!(address.generalised(Contact::Connect), address);
        let any = Address::Internet(ip("10.0.0.1"), None);
        assert_eq!(address.generalised(Contact::Send), any);
        let low = Address::Internet(ip("10.0.0.1"), Some(53));
        assert_eq!(low.generalised(Contact::Send), low);
    }
}
