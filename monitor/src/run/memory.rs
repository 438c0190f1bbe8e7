//! How much memory the monitor has and could still have, and when it gives some back.

mod surge;

use std::fs;
use std::path::{Path, PathBuf};

use procfs::process::Process;

use crate::run::process_cgroups::{Place, places};

pub(crate) use surge::Surge;

/// Where the hierarchies of control groups are mounted by custom, with the files of the limit and
/// of what is used: version 2, version 2 beside version 1, and version 1.
const GROUPS: [(&str, &str, &str); 3] = [
    ("/sys/fs/cgroup", "memory.max", "memory.current"),
    ("/sys/fs/cgroup/unified", "memory.max", "memory.current"),
    (
        "/sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
    ),
];

/// Bytes that this host, and every control group that this process is in, would still give; 0 when
/// nothing says it.
#[must_use]
pub fn spare_bytes() -> u64 {
    let about = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let groups = fs::read("/proc/self/cgroup").unwrap_or_default();
    let read = |path: &Path| fs::read_to_string(path).ok();
    let of_groups = paths(&groups).filter_map(|path| group(path, read)).min();
    let of_host = available(&about).unwrap_or(0);
    of_groups.map_or(of_host, |bytes| bytes.min(of_host))
}

/// Bytes of memory that this process occupies; `None` where nothing says it.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let resident = Process::myself().ok()?.statm().ok()?.resident;
    Some(resident * procfs::page_size())
}

/// Gives memory that is free back to the kernel: glibc keeps what lies below a block that is in use
/// (malloc_trim(3)).
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes a number, and nothing that is in use moves.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// `MemAvailable` of `/proc/meminfo`.
fn available(about: &str) -> Option<u64> {
    let line = about
        .lines()
        .find_map(|it| it.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The paths of `/proc/self/cgroup` that a limit of memory may stand at.
fn paths(groups: &[u8]) -> impl Iterator<Item = &Path> {
    let limits = |place: &Place<'_>| {
        let mut controllers = place.controllers.split(|&byte| byte == b',');
        place.controllers.is_empty() || controllers.any(|it| it == b"memory")
    };
    places(groups).filter(limits).map(|place| place.path)
}

/// What the group at `path` and those above it would still give; `None` without a limit.
fn group(path: &Path, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let number = |path: PathBuf| read(&path)?.trim().parse::<u64>().ok();
    let below = path.strip_prefix("/").unwrap_or(path);
    let mut least: Option<u64> = None;
    for (mount, limit, used) in GROUPS {
        for group in below.ancestors() {
            let folder = Path::new(mount).join(group);
            if let Some(limit) = number(folder.join(limit)) {
                let used = number(folder.join(used)).unwrap_or(0);
                let spare = limit.saturating_sub(used);
                least = Some(least.map_or(spare, |least| least.min(spare)));
            }
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use super::{available, group, paths, spare_bytes};

    #[test]
    fn the_least_of_all_limits_above_counts() {
        let files = |path: &Path| {
            let text = match path.as_os_str().as_bytes() {
                b"/sys/fs/cgroup/a/\xff/memory.max" => "max\n",
                b"/sys/fs/cgroup/a/memory.max" => "1000\n",
                b"/sys/fs/cgroup/a/memory.current" => "400\n",
                b"/sys/fs/cgroup/memory.max" => "5000\n",
                _ => return None,
            };
            Some(text.to_owned())
        };
        let path = |bytes: &'static [u8]| Path::new(OsStr::from_bytes(bytes));
        assert_eq!(group(path(b"/a/\xff"), files), Some(600));
        assert_eq!(group(path(b"/"), files), Some(5000));
        assert_eq!(group(path(b"/a"), |_| None), None);
    }

    #[test]
    fn only_groups_that_limit_memory_are_looked_at() {
        let file = b"4:cpu,memory:/one\n3:cpuset:/two\n1:name=systemd:/three\n0::/four\n";
        let found: Vec<_> = paths(file).collect();
        assert_eq!(found, [Path::new("/one"), Path::new("/four")]);
    }

    #[test]
    fn the_hosts_memory_is_read() {
        assert_eq!(
            available("MemFree: 1 kB\nMemAvailable:   16 kB\n"),
            Some(16384)
        );
        assert!(spare_bytes() > 0);
    }
}
