//! Which release of its software a service is: package, image, executable, ExecStart.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::host::{self, Host};
use super::identity::Identity;
use crate::profile::file::hexadecimal;

/// The largest executable that is hashed, bytes; a larger one is told by its size and time.
const LARGEST: u64 = 256 << 20;

/// The largest database of installed packages that is read, bytes.
const LARGEST_STATUS: u64 = 64 << 20;

/// Package lists that are looked through.
const MOST_PACKAGES: usize = 16_384;

/// What tells one release from another; each only where files tell it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Release {
    /// Versions of the packages whose executables it runs, by their names.
    pub packages: BTreeMap<String, String>,
    /// The container's image: its name, and what tells it from every other.
    pub image: Option<(String, String)>,
    /// The executables that it runs, by their escaped paths.
    pub executables: BTreeMap<String, Executable>,
    /// The unit's `ExecStart` lines.
    pub exec_start: Option<String>,
}

/// Packages and executables that are remembered of a service.
const MOST_REMEMBERED: usize = 16;

/// An executable file.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Executable {
    /// Inode, size and time of change: the same file as long as they are the same.
    pub stamp: (u64, u64, i64, i64),
    /// Its SHA-256, where it was read.
    pub sha256: Option<String>,
}

impl Release {
    /// Reads the release of a service by one of its processes. `before` spares reading an executable that is the same file.
    #[must_use]
    pub fn read(host: &Host, identity: &Identity, pid: u32, before: Option<&Self>) -> Self {
        let in_container = identity.container_id.is_some();
        let link = host.process(pid, "exe");
        let path = std::fs::read_link(&link).ok();
        let mut release = Self::default();
        if let Some(path) = &path {
            let name = name(path);
            let known = before.and_then(|it| it.executables.get(&name));
            let found = executable(&link, known);
            let same = found.is_some() && found.as_ref() == known;
            let package = match before.filter(|_| same) {
                // The same file is of the same package.
                Some(before) => before.packages.clone().into_iter().next(),
                None => package_of(host, path).filter(|_| !in_container),
            };
            release.packages.extend(package);
            release.executables.extend(found.map(|it| (name, it)));
        }
        let digest = identity.digest.clone().or_else(|| identity.image.clone());
        release.image = digest.map(|it| (identity.image.clone().unwrap_or_default(), it));
        let unit = identity.unit.as_deref().filter(|_| !in_container);
        release.exec_start = unit.and_then(|unit| exec_start(host, unit));
        release
    }

    /// What changed from this release to a later one, in words; `None` when nothing that both know did. A program that
    /// was not run before is no other release.
    #[must_use]
    pub fn change(&self, later: &Self) -> Option<String> {
        if let (Some((name, old)), Some((_, new))) = (&self.image, &later.image) {
            let (old, new) = (short(old), short(new));
            return (old != new).then(|| format!("image {name}: {old} → {new}"));
        }
        for (name, old) in &self.packages {
            if let Some(new) = later.packages.get(name).filter(|&new| new != old) {
                return Some(format!("{name}: {old} → {new}"));
            }
        }
        if let (Some(old), Some(new)) = (&self.exec_start, &later.exec_start)
            && old != new
        {
            return Some("ExecStart of the unit".to_owned());
        }
        let other = self.executables.iter().find(|(path, old)| {
            let new = later.executables.get(*path);
            new.is_some_and(|new| match (&old.sha256, &new.sha256) {
                (Some(old), Some(new)) => old != new,
                _ => old.stamp != new.stamp,
            })
        });
        other.map(|(path, _)| format!("executable {path}"))
    }

    /// The release in a few words.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let image = self
            .image
            .as_ref()
            .map(|(name, digest)| match name.is_empty() {
                true => short(digest),
                false => name.clone(),
            });
        let package = self.packages.iter().next();
        let package = || package.map(|(name, it)| format!("{name} {it}"));
        let hash = || short(self.executables.values().next()?.sha256.as_ref()?).into();
        image.or_else(package).or_else(hash)
    }

    /// Takes over what a later look at the same release tells.
    pub fn take_up(&mut self, later: Self) {
        for (name, version) in later.packages {
            if self.packages.len() < MOST_REMEMBERED || self.packages.contains_key(&name) {
                self.packages.insert(name, version);
            }
        }
        for (path, it) in later.executables {
            if self.executables.len() < MOST_REMEMBERED || self.executables.contains_key(&path) {
                self.executables.insert(path, it);
            }
        }
        self.image = later.image.or(self.image.take());
        self.exec_start = later.exec_start.or(self.exec_start.take());
    }
}

/// A path as it is kept.
fn name(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
    path.escape_debug().take(512).collect()
}

fn short(digest: &str) -> String {
    let digest = digest.rsplit_once(':').map_or(digest, |(_, hex)| hex);
    digest.chars().take(12).collect()
}

fn executable(link: &Path, before: Option<&Executable>) -> Option<Executable> {
    // By the link: what runs, also where the file was replaced since.
    let mut file = File::open(link).ok()?;
    let about = file.metadata().ok()?;
    let stamp = (about.ino(), about.size(), about.mtime(), about.mtime_nsec());
    if let Some(same) = before.filter(|it| it.stamp == stamp) {
        return Some(same.clone());
    }
    let sha256 = (about.size() <= LARGEST).then(|| {
        let mut hash = Sha256::new();
        let mut piece = [0; 1 << 16];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Some(hexadecimal(&hash.finalize())),
                Ok(read) => hash.update(&piece[..read]),
                Err(_) => return None,
            }
        }
    });
    Some(Executable {
        stamp,
        sha256: sha256.flatten(),
    })
}

/// The Debian package of a file and its version.
fn package_of(host: &Host, path: &Path) -> Option<(String, String)> {
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

/// Where units are, the strongest first (systemd.unit(5)).
const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The `ExecStart` lines of a unit and of what was dropped in.
fn exec_start(host: &Host, unit: &str) -> Option<String> {
    if !host::is_component(unit.as_ref()) {
        return None;
    }
    let template = unit.split_once('@').and_then(|(name, rest)| {
        let ending = rest.rsplit_once('.')?.1;
        Some(format!("{name}@.{ending}"))
    });
    let names = [Some(unit.to_owned()), template];
    let mut lines = Vec::new();
    for name in names.iter().flatten() {
        let mut files = UNITS.iter().map(|folder| PathBuf::from(folder).join(name));
        // A unit may be a link to another: it is read through the link.
        let main = files.find_map(|file| std::fs::canonicalize(host.path(file)).ok());
        let dropped_in = UNITS.iter().flat_map(|folder| {
            let folder = PathBuf::from(folder).join(format!("{name}.d"));
            let mut names = host.names(&folder);
            names.sort();
            names.into_iter().map(move |it| host.path(folder.join(it)))
        });
        for file in main.into_iter().chain(dropped_in) {
            let text = host::read(&file).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let starts = text.lines().map(str::trim);
            let starts = starts.filter(|line| line.starts_with("ExecStart="));
            lines.extend(starts.map(|line| line.chars().take(1024).collect::<String>()));
        }
        if !lines.is_empty() {
            break;
        }
    }
    lines.truncate(64);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{Executable, Release, exec_start, package_of};
    use crate::service::host::Host;
    use std::path::Path;

    fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Host::at(folder.path());
        for (path, text) in files {
            let path = host.path(path);
            std::fs::create_dir_all(path.parent().expect("one")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        (folder, host)
    }

    #[test]
    fn the_package_of_a_file_is_found_with_its_version() {
        let (_folder, host) = host(&[
            ("/var/lib/dpkg/info/nginx-common.list", "/.\n/etc/nginx\n"),
            (
                "/var/lib/dpkg/info/nginx-light:amd64.list",
                "/.\n/usr/sbin/nginx\n",
            ),
            ("/var/lib/dpkg/info/bash.list", "/bin/bash\n"),
            (
                "/var/lib/dpkg/status",
                "Package: bash\nVersion: 5.2\n\nPackage: nginx-light\nStatus: x\nVersion: 1.22.1-9\n\nPackage: z\n",
            ),
        ]);
        let of = |path: &str| package_of(&host, Path::new(path));
        assert_eq!(
            of("/usr/sbin/nginx"),
            Some(("nginx-light".into(), "1.22.1-9".into()))
        );
        assert_eq!(of("/usr/bin/bash"), Some(("bash".into(), "5.2".into())));
        assert_eq!(of("/opt/own"), None);
    }

    #[test]
    fn exec_start_is_the_units_with_what_was_dropped_in() {
        let (_folder, host) = host(&[
            (
                "/lib/systemd/system/web@.service",
                "[Service]\nExecStart=/usr/bin/web %i\n",
            ),
            (
                "/etc/systemd/system/web@.service.d/a.conf",
                "[Service]\nExecStart=\nExecStart=/bin/x\n",
            ),
        ]);
        let lines = exec_start(&host, "web@1.service").expect("found");
        assert_eq!(
            lines,
            "ExecStart=/usr/bin/web %i\nExecStart=\nExecStart=/bin/x"
        );
        assert_eq!(exec_start(&host, "none.service"), None);
        assert_eq!(exec_start(&host, "../x"), None);
    }

    #[test]
    fn a_change_is_told_in_words_and_a_rebuilt_file_of_the_same_bytes_is_none() {
        let package = |version: &str| Release {
            packages: [("nginx".to_owned(), version.to_owned())].into(),
            ..Release::default()
        };
        let told = package("1.22").change(&package("1.24"));
        assert_eq!(told.as_deref(), Some("nginx: 1.22 → 1.24"));
        assert_eq!(package("1.22").change(&package("1.22")), None);
        assert_eq!(package("1.22").change(&Release::default()), None);
        let file = |path: &str, inode: u64, sha256: &str| Release {
            executables: [(
                path.to_owned(),
                Executable {
                    stamp: (inode, 0, 0, 0),
                    sha256: Some(sha256.into()),
                },
            )]
            .into(),
            ..Release::default()
        };
        assert_eq!(file("/x", 1, "a").change(&file("/x", 2, "a")), None);
        assert_eq!(file("/x", 1, "a").change(&file("/y", 2, "b")), None);
        let told = file("/x", 1, "a").change(&file("/x", 2, "b"));
        assert_eq!(told.as_deref(), Some("executable /x"));
        let image = |digest: &str| Release {
            image: Some(("web:1".into(), digest.into())),
            ..Release::default()
        };
        let told = image("sha256:aa").change(&image("sha256:bb"));
        assert_eq!(told.as_deref(), Some("image web:1: aa → bb"));
        let mut known = package("1.22");
        known.take_up(file("/x", 1, "a"));
        assert_eq!(known.words().as_deref(), Some("nginx 1.22"));
        assert_eq!(known.executables.len(), 1);
    }
}
