//! libonnxruntime, out of the package that its makers publish for Python, or for Node where there is no pip.
//!
//! The library's own SHA-256 is pinned, so it does not matter which package, mirror or cache it came from.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::workshop::Workshop;
use super::{npm, pip};
use crate::step::Step;

const NAME: &str = "onnxruntime";
/// No build of the library comes near this size (1.32.0 for x86-64: 35 MB; 1.30.0 of npm: 46 MB).
const LARGEST: u64 = 128 << 20;

/// Where a library comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The wheel `onnxruntime` on the Python package index.
    Pip,
    /// The package `onnxruntime-node` on npm.
    Npm,
}

/// One build of the library that is accepted.
#[derive(Clone, Copy)]
pub struct Build {
    /// The package's origin.
    pub origin: Origin,
    /// The package's version, and the library's.
    pub version: &'static str,
    /// The machine, as Rust names it.
    arch: &'static str,
    /// The machine, as the package names it.
    pub machine: &'static str,
    /// SHA-256 of the library, in hexadecimal.
    sha256: &'static str,
}

/// The accepted builds, the preferred ones first. The hashes were taken from the packages on 2026-11-23.
const BUILDS: [Build; 4] = [
    Build {
        origin: Origin::Pip,
        version: "1.32.0",
        arch: "x86_64",
        machine: "manylinux_2_28_x86_64",
        sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
    },
    Build {
        origin: Origin::Pip,
        version: "1.32.0",
        arch: "aarch64",
        machine: "manylinux_2_28_aarch64",
        sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
    },
    Build {
        origin: Origin::Npm,
        version: "1.30.0",
        arch: "x86_64",
        machine: "x64",
        sha256: "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23",
    },
    Build {
        origin: Origin::Npm,
        version: "1.30.0",
        arch: "aarch64",
        machine: "arm64",
        sha256: "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76",
    },
];

impl Build {
    /// The library's place in the tool folder; another machine's has a folder of its own.
    fn place(&self) -> String {
        let version = self.version;
        if self.arch == std::env::consts::ARCH {
            format!("{NAME}/libonnxruntime.so.{version}")
        } else {
            format!("{NAME}-{}/libonnxruntime.so.{version}", self.arch)
        }
    }
}

/// Makes sure that an accepted library for that machine, as Rust names it, is in the tool folder, and says where.
pub fn bring(workshop: &Workshop, arch: &str) -> Result<PathBuf> {
    let builds = BUILDS.iter().filter(|build| build.arch == arch);
    for build in builds.clone() {
        let place = workshop.place(&build.place());
        match hash_of(&place) {
            Ok(hash) if hash == build.sha256 => {
                Step::skip(NAME, &format!("{} is there", build.version));
                return Ok(place);
            }
            Ok(_) => eprintln!(
                "  {NAME}: the one that is here is not the pinned one and will be replaced"
            ),
            Err(_) => {}
        }
    }
    if builds.clone().next().is_none() {
        bail!(
            "{NAME}: there is no pinned build for {arch}: build the library yourself and name it in ORT_DYLIB_PATH"
        );
    }
    for build in builds {
        let step = match build.origin {
            Origin::Pip => Step::begin(
                NAME,
                &format!("fetching {} by pip, 28 MB", build.version),
                WHY,
            ),
            Origin::Npm => Step::begin(
                NAME,
                &format!("fetching {} by npm, 114 MB", build.version),
                WHY,
            ),
        };
        match fetch(build, workshop, &step) {
            Ok(place) => {
                step.done(&format!("{} fetched, its SHA-256 is right", build.version));
                return Ok(place);
            }
            Err(why) => eprintln!("  {NAME}: {why:#}"),
        }
    }
    bail!(
        "{NAME}: it could not be fetched; install pip (`apt-get install python3-pip`, `dnf install python3-pip`) or npm, \
         check the network, and run `cargo xtask setup` again"
    )
}

const WHY: &str = "it runs the model";

fn fetch(build: &Build, workshop: &Workshop, step: &Step) -> Result<PathBuf> {
    let folder = workshop.unfinished(NAME)?;
    let library = folder.join("library");
    match build.origin {
        Origin::Pip => pip::fetch(build, &folder, step, &library)?,
        Origin::Npm => npm::fetch(build, &folder, step, &library)?,
    }
    let hash = hash_of(&library)?;
    if hash != build.sha256 {
        bail!(
            "the library's SHA-256 is {hash}, wanted {}: the package is not the one that was pinned",
            build.sha256
        );
    }
    let place = workshop.place(&build.place());
    workshop.finish(&library, &place)?;
    Ok(place)
}

/// Writes the library out of a package, never more than a library can be.
pub fn unpack(from: impl Read, to: &Path) -> Result<()> {
    let mut file = File::create(to).with_context(|| format!("cannot write {}", to.display()))?;
    let size =
        io::copy(&mut from.take(LARGEST + 1), &mut file).context("the package is damaged")?;
    if size > LARGEST {
        drop(file);
        fs::remove_file(to)?;
        bail!("the library in the package is larger than {LARGEST} bytes, which no real one is");
    }
    Ok(())
}

/// The only file in a folder whose name ends so: a package as its client left it there.
pub fn only_file(folder: &Path, ending: &str) -> Result<PathBuf> {
    let mut found = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(ending));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(path),
        _ => bail!(
            "the download did not leave one {ending} file in {}",
            folder.display()
        ),
    }
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher(Sha256::new());
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher
        .0
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_the_standard_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("abc");
        fs::write(&file, "abc").expect("written");
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hash_of(&file).expect("hashed"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn refuses_a_library_without_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("library");
        let why = unpack(io::repeat(0), &to).expect_err("endless");
        assert!(why.to_string().contains("larger than"), "{why}");
        assert!(!to.exists());
    }

    #[test]
    fn every_machine_has_a_build_by_pip_and_one_by_npm() {
        for arch in ["x86_64", "aarch64"] {
            for origin in [Origin::Pip, Origin::Npm] {
                assert!(
                    BUILDS
                        .iter()
                        .any(|build| build.arch == arch && build.origin == origin)
                );
            }
        }
    }
}
