//! The library out of npm's package, which holds it for every platform.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use flate2::read::GzDecoder;
use tar::Archive;

use super::package;
use super::pins::Build;
use crate::step::Step;
use crate::tool;

/// Downloads the package into `folder` and writes its library to `to`.
pub fn fetch(build: &Build, folder: &Path, step: &Step, to: &Path) -> Result<()> {
    if tool::output(Command::new("npm").arg("--version")).is_none() {
        bail!("there is no npm");
    }
    tool::run(
        step,
        Command::new("npm")
            .args(["pack", "--loglevel=error"])
            // By default npm tries for minutes where there is no network.
            .args(["--fetch-retries=1", "--fetch-retry-maxtimeout=5000"])
            .arg("--pack-destination")
            .arg(folder)
            .arg(format!("onnxruntime-node@{}", build.version)),
    )
    .context("npm could not download it")?;
    let package = package::only_file(folder, ".tgz")?;
    let name = format!(
        "package/bin/napi-v6/linux/{}/libonnxruntime.so.1",
        build.machine
    );
    library(&package, &name, to).context("npm's package cannot be used")
}

fn library(package: &Path, name: &str, to: &Path) -> Result<()> {
    let mut archive = Archive::new(GzDecoder::new(File::open(package)?));
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.path()?.as_ref() == Path::new(name) && entry.header().entry_type().is_file() {
            return package::unpack(entry, to);
        }
    }
    bail!("no {name} in it")
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn takes_the_library_of_its_platform() {
        let folder = tempfile::tempdir().expect("a folder");
        let package = folder.path().join("some.tgz");
        let file = File::create(&package).expect("a file");
        let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        for (name, content) in [
            ("package/arm64/lib.so", "other"),
            ("package/x64/lib.so", "this"),
        ] {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, content.as_bytes())
                .expect("a member");
        }
        tar.into_inner()
            .and_then(GzEncoder::finish)
            .expect("a package");

        let to = folder.path().join("library");
        library(&package, "package/x64/lib.so", &to).expect("unpacked");
        assert_eq!(std::fs::read(&to).expect("read"), b"this");
        let why = library(&package, "package/riscv/lib.so", &to).expect_err("not in it");
        assert!(why.to_string().contains("riscv"), "{why}");
    }
}
