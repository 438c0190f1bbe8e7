//! Another version of a Debian package, for the upgrade of a service: unpacked beside the installed
//! one, never installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::tool::program;

/// The version of a package that is installed.
pub fn installed(package: &str) -> Option<String> {
    let said = text(Command::new("dpkg-query").args(["-W", "-f=${Version}", package])).ok()?;
    (!said.is_empty()).then_some(said)
}

/// The program at `inside` another version of the package, and that version. It is kept in the tool
/// folder for the next time.
///
/// # Errors
/// No other version is on offer, or it cannot be fetched or unpacked.
pub fn other(package: &str, inside: &Path) -> Result<(PathBuf, String)> {
    let here = installed(package).with_context(|| format!("{package} is not installed"))?;
    let offered = text(Command::new("apt-cache").args(["madison", package]))?;
    let version = versions(&offered)
        .find(|version| *version != here)
        .with_context(|| format!("apt offers no version of {package} but {here}"))?
        .to_owned();
    let folder = support::place::tools().join("scenarios");
    let unpacked = folder.join(format!("{package}-{}", version.replace([':', '/'], "_")));
    let path = unpacked.join(inside);
    if !program(&path) {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let workshop = tempfile::tempdir_in(&folder).context("cannot make a folder")?;
        fetch(package, &version, workshop.path())?;
        let _ = fs::remove_dir_all(&unpacked);
        fs::rename(workshop.path().join("root"), &unpacked)
            .with_context(|| format!("cannot keep {}", unpacked.display()))?;
    }
    ensure!(
        program(&path),
        "{package} {version} has no program {}",
        inside.display()
    );
    Ok((path, version))
}

/// Downloads one version of a package and unpacks it into `folder/root`.
fn fetch(package: &str, version: &str, folder: &Path) -> Result<()> {
    let wanted = format!("{package}={version}");
    // apt reads the archive as a user of its own.
    open_to_all(folder)?;
    text(
        Command::new("apt-get")
            .args(["download", "-qq", &wanted])
            .current_dir(folder),
    )?;
    let archive = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get download {wanted} brought nothing"))?;
    let root = folder.join("root");
    text(Command::new("dpkg-deb").arg("-x").args([&archive, &root]))?;
    Ok(())
}

fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// What a command prints.
fn text(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    if !out.status.success() {
        let why = String::from_utf8_lossy(&out.stderr);
        bail!("{name}: {}", why.trim().lines().last().unwrap_or("failed"));
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// The versions in what `apt-cache madison` prints.
fn versions(offered: &str) -> impl Iterator<Item = &str> {
    offered
        .lines()
        .filter_map(|line| line.split('|').nth(1).map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::versions;

    #[test]
    fn the_versions_on_offer_are_read_in_order() {
        // As printed by apt 2.6.1.
        let offered = " nginx | 1.22.1-9+deb12u11 | mirror bookworm-security/main amd64 \
                       Packages\n     nginx | 1.22.1-9+deb12u9 | mirror bookworm/main amd64 \
                       Packages\n";
        let found: Vec<_> = versions(offered).collect();
        assert_eq!(found, ["1.22.1-9+deb12u11", "1.22.1-9+deb12u9"]);
    }
}
