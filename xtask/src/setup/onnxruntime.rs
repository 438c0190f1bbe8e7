//! libonnxruntime, out of the package that its makers publish for Python, or for Node where there
//! is no pip.
//!
//! The library's own SHA-256 is pinned, so it does not matter which package, mirror or cache it
//! came from.

mod pins;

mod package;

mod pip;

mod npm;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sha2::{Digest as _, Sha256};

use super::workshop::Workshop;
use crate::step::Step;
use pins::{BUILDS, Build, NAME, Origin};

/// Makes sure that an accepted library for that machine, as Rust names it, is in the tool folder,
/// and says where.
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
            "{NAME}: there is no pinned build for {arch}: build the library yourself and name it \
             in ORT_DYLIB_PATH"
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
        "{NAME}: it could not be fetched; install pip (`apt-get install python3-pip`, `dnf install \
         python3-pip`) or npm, check the network, and run `cargo xtask setup` again"
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
            "the library's SHA-256 is {hash}, wanted {}: the package is not the one that was \
             pinned",
            build.sha256
        );
    }
    let place = workshop.place(&build.place());
    workshop.finish(&library, &place)?;
    Ok(place)
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_the_standard_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("abc");
        std::fs::write(&file, "abc").expect("written");
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hash_of(&file).expect("hashed"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
