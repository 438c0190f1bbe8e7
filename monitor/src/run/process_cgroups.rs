//! What `/proc/PID/cgroup` says of a process: its place in each hierarchy of cgroups (cgroups(7)).
//!
//! Whoever may make cgroups chooses their names, of any bytes but a line feed (`cgroup_mkdir`,
//! kernel/cgroup/cgroup.c).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A place in one hierarchy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place<'a> {
    /// What the hierarchy is for, by commas; nothing for the one of version 2.
    pub controllers: &'a [u8],
    /// Below the root of the hierarchy.
    pub path: &'a Path,
}

/// The places that stand in the bytes of such a file.
pub fn places(file: &[u8]) -> impl Iterator<Item = Place<'_>> {
    file.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut fields = line.splitn(3, |&byte| byte == b':').skip(1);
        Some(Place {
            controllers: fields.next()?,
            path: Path::new(OsStr::from_bytes(fields.next()?)),
        })
    })
}

/// The place in the hierarchy of version 2.
#[must_use]
pub fn unified(file: &[u8]) -> Option<&Path> {
    let mut places = places(file);
    let found = places.find(|place| place.controllers.is_empty())?;
    Some(found.path)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use super::{places, unified};

    #[test]
    fn a_place_is_of_any_bytes_and_has_colons_and_carriage_returns_as_they_are() {
        let file = b"4:cpu,memory:/a\xff:b\n1:name=systemd:/c\n0::/d\xfe:\r\nno line";
        let path = |bytes: &'static [u8]| Path::new(OsStr::from_bytes(bytes));
        let found: Vec<_> = places(file).map(|it| (it.controllers, it.path)).collect();
        assert_eq!(
            found,
            [
                (&b"cpu,memory"[..], path(b"/a\xff:b")),
                (b"name=systemd", path(b"/c")),
                (b"", path(b"/d\xfe:\r")),
            ]
        );
        assert_eq!(unified(file), Some(path(b"/d\xfe:\r")));
        assert_eq!(unified(b"4:memory:/a\n"), None);
    }
}
