//! The name of a service, the same over restarts of the service and of the monitor.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Bytes of a key that are kept; what is longer is cut and told apart by a hash.
const LONGEST: usize = 200;

/// A service's name with its kind in front, as in `unit:nginx.service`, `container:web`,
/// `pod:default/web/nginx` or `exe:/usr/sbin/nginx`. Only printable ASCII without blanks: what came
/// from outside is escaped as in a URL.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// What kind of thing a service is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyKind {
    /// A systemd unit of the system.
    Unit,
    /// A systemd unit of a user.
    UserUnit,
    /// A container.
    Container,
    /// A container of a Kubernetes pod.
    Pod,
    /// The executable at the root of a process tree.
    Executable,
}

/// Text that is no key.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "{0:?} is no service: give its kind and name, as in unit:nginx.service, container:web, \
     pod:default/web/nginx or exe:/usr/sbin/nginx"
)]
pub struct KeyError(pub String);

const KINDS: [(KeyKind, &str); 5] = [
    (KeyKind::Unit, "unit:"),
    (KeyKind::UserUnit, "user-unit:"),
    (KeyKind::Container, "container:"),
    (KeyKind::Pod, "pod:"),
    (KeyKind::Executable, "exe:"),
];

impl Key {
    /// A system's systemd unit, by its name without escapes.
    #[must_use]
    pub fn unit(name: &str) -> Self {
        Self::new("unit:", name.as_bytes())
    }

    /// A user's systemd unit.
    #[must_use]
    pub fn user_unit(uid: u32, name: &str) -> Self {
        Self::new("user-unit:", format!("{uid}/{name}").as_bytes())
    }

    /// A container, by its name, or by the first characters of its id where no file tells the name.
    #[must_use]
    pub fn container(name: &str) -> Self {
        Self::new("container:", name.as_bytes())
    }

    /// A container of a pod; `workload` is the pod's name without what tells replicas apart.
    #[must_use]
    pub fn pod(namespace: &str, workload: &str, container: &str) -> Self {
        let name = format!("{namespace}/{workload}/{container}");
        Self::new("pod:", name.as_bytes())
    }

    /// An executable by its path.
    #[must_use]
    pub fn executable(path: &[u8]) -> Self {
        Self::new("exe:", path)
    }

    fn new(kind: &str, name: &[u8]) -> Self {
        let mut key = String::from(kind);
        for &byte in name {
            if byte.is_ascii_graphic() && byte != b'%' {
                key.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(key, "%{byte:02X}");
            }
        }
        if key.len() > LONGEST {
            let hash = hex::encode(&Sha256::digest(&key)[..8]);
            key.truncate(LONGEST - hash.len() - 1);
            key.push('~');
            key.push_str(&hash);
        }
        Self(key)
    }

    /// The whole key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which kind of service.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        let is = |&&(_, prefix): &&(KeyKind, &str)| self.0.starts_with(prefix);
        KINDS.iter().find(is).map_or(KeyKind::Executable, |it| it.0)
    }

    /// The key without its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(_, name)| name)
    }

    /// The key as the name of a file or folder: no two keys share one, and none is hidden or leads
    /// elsewhere.
    #[must_use]
    pub fn file_name(&self) -> String {
        let mut name = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            match byte {
                b'/' => name.push_str("%2F"),
                b'\\' => name.push_str("%5C"),
                byte => name.push(char::from(byte)),
            }
        }
        name
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = |(_, prefix): &(KeyKind, &str)| {
            text.strip_prefix(prefix)
                .is_some_and(|name| !name.is_empty())
        };
        if is_plain && text.len() <= LONGEST && KINDS.iter().any(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(KeyError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for Key {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, KeyKind};

    #[test]
    fn a_key_tells_its_kind_and_name_and_is_read_back() {
        for (key, kind, text) in [
            (
                Key::unit("nginx.service"),
                KeyKind::Unit,
                "unit:nginx.service",
            ),
            (
                Key::user_unit(1000, "emacs.service"),
                KeyKind::UserUnit,
                "user-unit:1000/emacs.service",
            ),
            (Key::container("web"), KeyKind::Container, "container:web"),
            (
                Key::pod("default", "web", "nginx"),
                KeyKind::Pod,
                "pod:default/web/nginx",
            ),
            (
                Key::executable(b"/usr/sbin/nginx"),
                KeyKind::Executable,
                "exe:/usr/sbin/nginx",
            ),
        ] {
            assert_eq!(key.to_string(), text);
            assert_eq!(key.kind(), kind);
            assert_eq!(text.parse(), Ok(key));
        }
        for wrong in ["nginx", "unit:", "thing:x", "unit:a b", "unit:a\n", ""] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_hostile_name_is_escaped_and_stays_in_its_folder() {
        let key = Key::executable(b"/tmp/\x1b[2J/../../etc %");
        assert_eq!(key.as_str(), "exe:/tmp/%1B[2J/../../etc%20%25");
        assert_eq!(key.file_name(), "exe:%2Ftmp%2F%1B[2J%2F..%2F..%2Fetc%20%25");
        let long = |last: u8| {
            let mut name = vec![b'a'; 5000];
            name.push(last);
            Key::executable(&name)
        };
        assert!(long(b'x').file_name().len() <= 255);
        assert_ne!(long(b'x'), long(b'y'));
    }
}
