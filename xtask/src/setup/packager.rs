//! cargo-deb and cargo-generate-rpm, which make the packages of `cargo xtask dist`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::pinned;
use super::workshop::Workshop;
use crate::step::Step;
use crate::tool;

/// A program that makes packages of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Packager {
    /// Its name on crates.io, and the program's.
    pub name: &'static str,
    version: &'static str,
}

/// Makes packages for Debian and what comes of it.
pub const DEB: Packager = Packager {
    name: "cargo-deb",
    version: "3.8.0",
};

/// Makes packages for Fedora, openSUSE and what comes of them.
pub const RPM: Packager = Packager {
    name: "cargo-generate-rpm",
    version: "0.21.1",
};

impl Packager {
    /// Builds it into `bin/` of the tool folder, unless this version is there, and says where it
    /// is.
    pub fn bring(&self, workshop: &Workshop) -> Result<PathBuf> {
        let place = workshop.place(&format!("bin/{}-{}", self.name, self.version));
        if place.exists() {
            Step::skip(self.name, &format!("{} is there", self.version));
            return Ok(place);
        }
        let what = format!("building {}, a minute or two", self.version);
        let step = Step::begin(self.name, &what, "it makes packages");
        let folder = workshop.unfinished(self.name).context(self.name)?;
        let mut install = pinned::install(self.name, self.version, &folder);
        tool::run(&step, install.env("CARGO_PROFILE_RELEASE_LTO", "off"))
            .with_context(|| format!("{}: it does not build", self.name))?;
        workshop
            .finish(&folder.join("root/bin").join(self.name), &place)
            .context(self.name)?;
        step.done(&format!("built {}", self.version));
        Ok(place)
    }
}
