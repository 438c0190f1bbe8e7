//! Debian's archive, asked by a configuration of apt's that is this command's own: packages of
//! other suites and machines are fetched and unpacked, and nothing is installed.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::architecture::Architecture;
use super::release::Release;
use xtask::privilege;

/// Suites of Debian's archive with kernels from 5.10 (bullseye) on.
pub const SUITES: [&str; 7] = [
    "bullseye",
    "bookworm",
    "bookworm-backports",
    "trixie",
    "trixie-backports",
    "forky",
    "sid",
];
/// Those that hold the oldest kernel, one in the middle and the newest.
pub const FEW_SUITES: [&str; 3] = ["bullseye", "trixie", "trixie-backports"];
const MIRROR: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// After this time the lists are asked for again.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// The archive for one architecture, and the folder of what came from there.
pub struct Archive {
    folder: PathBuf,
    architecture: Architecture,
}

impl Archive {
    /// Asks for the lists of packages of these suites, unless they are of today.
    ///
    /// # Errors
    /// There is no apt, no keyring, or no suite answers.
    pub fn open(folder: PathBuf, architecture: Architecture, suites: &[&str]) -> Result<Self> {
        ensure!(
            Path::new(KEYRING).exists(),
            "no {KEYRING}: kernels are fetched from Debian's archive; install \
             debian-archive-keyring"
        );
        let this = Self {
            folder,
            architecture,
        };
        for part in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(this.folder.join(part))?;
        }
        fs::write(this.folder.join("status"), "")?;
        let sources = sources(&mirror(), suites);
        let asked = this.folder.join("sources.list");
        let is_as_before = fs::read_to_string(&asked).is_ok_and(|it| it == sources);
        fs::write(asked, sources)?;
        fs::write(this.folder.join("apt.conf"), this.configuration())?;
        if !is_as_before || !this.is_fresh() {
            this.update()?;
        }
        Ok(this)
    }

    fn configuration(&self) -> String {
        let folder = self.folder.display();
        let debian = self.architecture.debian();
        // apt reads as a user of its own when root calls it, who may not enter this folder.
        let user = if privilege::is_root() {
            "APT::Sandbox::User \"root\";\n"
        } else {
            ""
        };
        format!(
            "Dir::State \"{folder}/state\";\nDir::State::status \"{folder}/status\";\n\
             Dir::Cache \"{folder}/cache\";\nDir::Etc::sourcelist \"{folder}/sources.list\";\n\
             Dir::Etc::sourceparts \"/dev/null\";\nDir::Etc::preferencesparts \"/dev/null\";\n\
             Acquire::Languages \"none\";\nAcquire::IndexTargets::deb::DEP-11::DefaultEnabled \
             \"false\";\n\
             APT::Architecture \"{debian}\";\nAPT::Architectures {{ \"{debian}\"; }};\n{user}"
        )
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.folder.join("apt.conf"));
        command
    }

    fn is_fresh(&self) -> bool {
        let age = fs::metadata(self.folder.join("updated")).and_then(|it| it.modified());
        age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FRESH))
    }

    fn update(&self) -> Result<()> {
        let ended = self.apt("apt-get").args(["update", "-qq"]).output();
        let ended = ended.context("cannot start apt-get")?;
        let said = String::from_utf8_lossy(&ended.stderr);
        if !ended.status.success() {
            // One suite that is gone leaves the others.
            eprintln!("  apt-get update: {}", said.trim().replace('\n', "; "));
        }
        ensure!(
            !self.releases()?.is_empty(),
            "the archive lists no kernels: {}",
            said.trim().lines().last().unwrap_or("apt-get said nothing")
        );
        fs::write(self.folder.join("updated"), "")?;
        Ok(())
    }

    /// The kernels that it has.
    ///
    /// # Errors
    /// apt cannot be asked.
    pub fn releases(&self) -> Result<Vec<Release>> {
        let pattern = format!(
            "^linux-(image|binary)-[0-9].*-cloud-{}$",
            self.architecture.debian()
        );
        let listed = text(
            self.apt("apt-cache")
                .args(["search", "--names-only", &pattern]),
        )?;
        Ok(releases(&listed))
    }

    /// The image of a kernel, fetched when it is not there yet.
    ///
    /// # Errors
    /// It cannot be fetched or unpacked.
    pub fn kernel(&self, release: &Release) -> Result<PathBuf> {
        let image = self.folder.join(format!("vmlinuz-{}", release.0));
        if image.exists() {
            return Ok(image);
        }
        // From 6.19 on the image is in linux-binary-*, and linux-image-* depends on it.
        let packages = ["linux-binary", "linux-image"].map(|kind| format!("{kind}-{}", release.0));
        let package = packages
            .iter()
            .find(|package| {
                let shown = self.apt("apt-cache").args(["show", package]).output();
                shown.is_ok_and(|it| it.status.success() && !it.stdout.is_empty())
            })
            .with_context(|| format!("the archive has no kernel {}", release.0))?;
        let unpacked = self.unpack(package, |path| name(path).starts_with("vmlinuz"))?;
        let found = unpacked.first().with_context(|| {
            format!("the package {package} holds no file whose name begins with vmlinuz")
        })?;
        fs::rename(found, &image)?;
        Ok(image)
    }

    /// The files of a package whose paths are `wanted`, unpacked into a folder of the package's
    /// own.
    ///
    /// # Errors
    /// It cannot be fetched or unpacked.
    pub fn unpack(&self, package: &str, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
        let workshop = tempfile::tempdir_in(&self.folder)?;
        let mut download = self.apt("apt-get");
        download
            .args(["download", "-qq", package])
            .current_dir(workshop.path());
        text(&mut download)?;
        let mut entries = fs::read_dir(workshop.path())?;
        let archive = entries
            .next()
            .with_context(|| format!("apt-get download {package} brought nothing"))??;
        let root = self.folder.join("unpacked").join(package);
        fs::create_dir_all(&root)?;
        let mut packed = Command::new("dpkg-deb")
            .arg("--fsys-tarfile")
            .arg(archive.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start dpkg-deb")?;
        let stream = packed.stdout.take().context("dpkg-deb has no output")?;
        let mut found = Vec::new();
        for entry in tar::Archive::new(stream).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let Some(file) = path.file_name().filter(|_| wanted(&path)) else {
                continue;
            };
            if entry.header().entry_type().is_file() {
                let to = root.join(file);
                entry.unpack(&to)?;
                found.push(to);
            }
        }
        ensure!(packed.wait()?.success(), "dpkg-deb cannot read {package}");
        Ok(found)
    }
}

/// A file's own name.
pub fn name(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// The mirror that this machine's own apt uses, if that is Debian's.
fn mirror() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let listed = read("/etc/apt/sources.list.d/debian.sources") + &read("/etc/apt/sources.list");
    let mut words = listed.split_whitespace();
    let mirror = words.find(|word| word.contains("://") && word.ends_with("/debian"));
    mirror.unwrap_or(MIRROR).to_owned()
}

fn sources(mirror: &str, suites: &[&str]) -> String {
    let line = |suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
    suites.iter().map(line).collect()
}

/// The releases in what `apt-cache search` prints.
fn releases(listed: &str) -> Vec<Release> {
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    let releases = names.filter_map(|name| {
        let rest = name.strip_prefix("linux-image-");
        rest.or_else(|| name.strip_prefix("linux-binary-"))
    });
    let mut releases: Vec<_> = releases.map(|it| Release(it.to_owned())).collect();
    releases.sort();
    releases.dedup();
    releases
}

fn text(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let ended = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    if !ended.status.success() {
        let why = String::from_utf8_lossy(&ended.stderr);
        bail!("{name}: {}", why.trim().lines().last().unwrap_or("failed"));
    }
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{FEW_SUITES, SUITES, releases, sources};

    #[test]
    fn a_kernel_in_two_packages_is_one() {
        // As apt-cache 2.6.1 prints them.
        let listed = "linux-binary-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud (kernel \
                      image)\n\
                      linux-image-5.10.0-32-cloud-amd64 - Linux 5.10 for x86-64 cloud (signed)\n\
                      linux-image-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud\n";
        let found: Vec<_> = releases(listed).into_iter().map(|it| it.0).collect();
        assert_eq!(found, ["5.10.0-32-cloud-amd64", "7.3.4+deb13-cloud-amd64"]);
    }

    #[test]
    fn every_suite_is_verified_by_the_same_keys() {
        let text = sources("http://mirror/debian", &SUITES);
        assert_eq!(text.lines().count(), SUITES.len());
        assert!(FEW_SUITES.iter().all(|it| SUITES.contains(it)));
        assert!(text.lines().all(|line| line.contains("[signed-by=/usr")));
        assert!(text.contains(" http://mirror/debian bullseye main\n"));
    }
}
