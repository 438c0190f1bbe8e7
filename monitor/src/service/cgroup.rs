//! What a cgroup's path says of who runs in it: unit, session, pod and container.
//!
//! The patterns are the union of those that Falco, Tracee, Laurel and Tetragon test. Nothing is
//! read here.

mod container;

pub use container::{Container, Runtime};

/// What a path says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// The outermost systemd unit (a service or a scope), without escapes.
    pub unit: Option<String>,
    /// The unit of the user's own systemd inside `user@UID.service`, and the UID.
    pub user_unit: Option<(u32, String)>,
    /// Whether it is of somebody's login session.
    pub session: bool,
    /// The Kubernetes pod's uid.
    pub pod: Option<String>,
    /// The outermost container.
    pub container: Option<Container>,
    /// The innermost container, where there are containers in a container.
    pub inner: Option<Container>,
}

impl Place {
    /// Reads a path as it stands in `/proc/PID/cgroup`.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        // Seen from inside of a cgroup namespace, what lies outside begins with `/../`.
        let parts: Vec<&str> = path
            .split('/')
            .filter(|part| !part.is_empty() && *part != "..")
            .collect();
        let mut place = Self::default();
        let mut in_kubepods = false;
        for at in 0..parts.len() {
            let (before, part) = (&parts[..at], parts[at]);
            if place.container.is_none() && place.pod.is_none() {
                // Without SystemdCgroup, containerd puts the container's id behind the slice.
                let slice = part.split(':').next().unwrap_or(part);
                place.pod = pod(in_kubepods, slice);
            }
            if let Some(container) = container::of_part(before, part, at + 1 == parts.len()) {
                if place.container.is_none() {
                    place.container = Some(container);
                } else {
                    place.inner = Some(container);
                }
                continue;
            }
            if place.container.is_some() {
                // Units in a container are the container's.
                continue;
            }
            in_kubepods |= part.starts_with("kubepods");
            place.take_unit(part);
        }
        place
    }

    /// Reads the text of `/proc/PID/cgroup`, as in cgroups(7): the hierarchy of version 2, or,
    /// where that says nothing, the one of systemd.
    #[must_use]
    pub fn of_file(text: &str) -> Self {
        let path = |prefix: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| Some(line.split_once(prefix)?.1))
        };
        let unified = text.lines().find_map(|line| line.strip_prefix("0::"));
        let places = [unified, path(":name=systemd:")];
        let mut places = places.into_iter().flatten().map(Self::of_path);
        places
            .find(|place| *place != Self::default())
            .unwrap_or_default()
    }

    /// The shortest front of `path` that says whose it is as well as all of it does: the path of
    /// the service's own cgroup. `None` for a path that says nothing. With `user_units` a user's
    /// units are services of their own.
    #[must_use]
    pub fn front(path: &str, user_units: bool) -> Option<&str> {
        let whole = Self::of_path(path);
        let is_told = |place: &Self| {
            if whole.container.is_some() {
                place.container == whole.container
            } else if user_units && whole.user_unit.is_some() {
                place.user_unit == whole.user_unit
            } else {
                whole.unit.is_some() && place.unit == whole.unit
            }
        };
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
        let mut fronts = ends.chain([path.len()]).map(|end| &path[..end]);
        fronts.find(|front| is_told(&Self::of_path(front)))
    }

    fn take_unit(&mut self, part: &str) {
        let name = unescape(part);
        let scope = name.strip_suffix(".scope");
        if scope.is_some_and(|it| it.starts_with("session-")) {
            self.session = true;
        } else if scope.is_none() && !name.ends_with(".service") {
            // A slice, or a folder of the unit's own.
        } else if self.unit.is_none() {
            self.unit = Some(name);
        } else if self.user_unit.is_none()
            && let Some(user) = self.unit.as_ref().and_then(|unit| user(unit))
            && name != "init.scope"
        {
            self.user_unit = Some((user, name));
        }
    }
}

/// Whose systemd a unit is.
fn user(unit: &str) -> Option<u32> {
    let uid = unit.strip_prefix("user@")?.strip_suffix(".service")?;
    uid.parse().ok()
}

/// The uid of a pod: `kubepods-burstable-podUID.slice` with `_` for `-`, or `podUID` below
/// `kubepods`. That of a static pod is 32 hexadecimal digits without dashes.
fn pod(in_kubepods: bool, part: &str) -> Option<String> {
    let uid = match part.strip_suffix(".slice") {
        Some(slice) => {
            let rest = slice.rsplit_once("-pod")?;
            rest.0.contains("kubepods").then_some(rest.1)?
        }
        None => in_kubepods.then_some(part)?.strip_prefix("pod")?,
    };
    let uid = uid.replace('_', "-");
    let is_uid = uid.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    (is_uid && (32..=36).contains(&uid.len())).then_some(uid)
}

/// A unit's name without what systemd escaped (systemd.unit(5), "String escaping for inclusion in
/// unit names").
fn unescape(name: &str) -> String {
    let mut text = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'\\'
            && let [b'x', high, low, after @ ..] = behind
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            text.push(high * 16 + low);
            rest = after;
        } else {
            text.push(byte);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn digit(letter: u8) -> Option<u8> {
    let digit = char::from(letter).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests;
