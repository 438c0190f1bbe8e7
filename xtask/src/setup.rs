//! `cargo xtask setup`: brings what is missing and nothing else.
//!
//! Everything is made in a folder for unfinished work inside the tool folder and renamed into place
//! when it is whole and checked, so an interrupted set-up leaves nothing that a later one would
//! take for done.

mod bpf_linker;

mod onnxruntime;

mod packager;

mod pinned;

mod rust_src;

mod rustc;

mod workshop;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::architecture::Architecture;
pub use rustc::Rustc;
use support::place;
use workshop::Workshop;

/// What the set-up has made sure of.
pub struct Tools {
    /// The library of onnxruntime, its content checked.
    pub onnxruntime: PathBuf,
}

/// The programs that make packages.
pub struct Packagers {
    /// cargo-deb.
    pub deb: PathBuf,
    /// cargo-generate-rpm.
    pub rpm: PathBuf,
}

/// Makes sure that the programs that make packages are there.
///
/// # Errors
/// One cannot be brought.
pub fn packagers() -> Result<Packagers> {
    let folder = place::tools();
    let workshop = Workshop::open(&folder)
        .with_context(|| format!("cannot use {} as tool folder", folder.display()))?;
    Ok(Packagers {
        deb: packager::DEB.bring(&workshop)?,
        rpm: packager::RPM.bring(&workshop)?,
    })
}

/// Makes sure that all that building and running need is there.
///
/// # Errors
/// Something is missing and cannot be brought; the error names the remedy.
pub fn setup() -> Result<Tools> {
    let folder = place::tools();
    eprintln!("Set-up in {}", folder.display());
    let rustc = Rustc::ask()?;
    let workshop = Workshop::open(&folder)
        .with_context(|| format!("cannot use {} as tool folder", folder.display()))?;
    rust_src::bring(&rustc)?;
    bpf_linker::bring(&rustc, &workshop)?;
    let onnxruntime = onnxruntime::bring(&workshop, std::env::consts::ARCH)?;
    Ok(Tools { onnxruntime })
}

/// Makes sure that the library of onnxruntime for another machine is there, and says where.
///
/// # Errors
/// It is not there and cannot be brought.
pub fn onnxruntime_for(architecture: Architecture) -> Result<PathBuf> {
    let folder = place::tools();
    let workshop = Workshop::open(&folder)
        .with_context(|| format!("cannot use {} as tool folder", folder.display()))?;
    onnxruntime::bring(&workshop, architecture.name())
}
