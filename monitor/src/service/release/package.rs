//! Which package of Debian a file is of.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::service::host::Host;

/// The largest database of installed packages that is read, bytes.
const LARGEST_STATUS: u64 = 64 << 20;

/// Package lists that are looked through.
const MOST_PACKAGES: usize = 16_384;

/// The Debian package of a file and its version.
pub(super) fn package_of(host: &Host, path: &Path) -> Option<(String, String)> {
    let path = path.to_str()?;
    // With a merged /usr, packages still list their files where they were.
    let other = path.strip_prefix("/usr").unwrap_or(path);
    let wanted = [format!("{path}\n"), format!("{other}\n")];
    let lists = host.names("/var/lib/dpkg/info");
    let mut lists: Vec<_> = lists
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.ends_with(".list"))
        .take(MOST_PACKAGES)
        .collect();
    // The package is mostly called as its program is.
    let stem = Path::new(path).file_name()?.to_str()?.to_owned();
    let start: String = stem.chars().take(4).collect();
    lists.sort_by_key(|name| !name.starts_with(&start));
    let holds = |name: &String| {
        let list = host.read(PathBuf::from("/var/lib/dpkg/info").join(name));
        list.is_ok_and(|list| {
            let text = String::from_utf8_lossy(&list);
            let lines = || text.split_inclusive('\n');
            lines().any(|line| wanted.iter().any(|it| it == line))
        })
    };
    let list = lists.into_iter().find(holds)?;
    let name = list.strip_suffix(".list")?.split(':').next()?.to_owned();
    let version = version_of(host, &name)?;
    Some((name, version))
}

/// The version of an installed Debian package.
fn version_of(host: &Host, package: &str) -> Option<String> {
    let status = File::open(host.path("/var/lib/dpkg/status")).ok()?;
    let mut lines = BufReader::new(status.take(LARGEST_STATUS)).lines();
    let wanted = format!("Package: {package}");
    lines
        .find(|line| line.as_ref().is_ok_and(|line| *line == wanted))?
        .ok()?;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return None;
        }
        if let Some(version) = line.strip_prefix("Version: ") {
            return Some(
                version
                    .chars()
                    .filter(|it| !it.is_control())
                    .take(64)
                    .collect(),
            );
        }
    }
    None
}
