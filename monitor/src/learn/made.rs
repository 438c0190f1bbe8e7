//! By whom and when something is learned.

use crate::model::Model;
use crate::profile::provenance::Origin;
use crate::run::{clock, kernel};

/// What a profile says of how it was made, the same for all that a run learns from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// When, seconds since 1970.
    pub unix_s: u64,
    /// The kernel of the host.
    pub kernel: String,
    /// The general model beside it: name and SHA-256 of its graph.
    pub model: (String, String),
}

impl Made {
    /// Now, on this host, beside this model.
    #[must_use]
    pub fn now(model: &Model) -> Self {
        let manifest = model.manifest();
        Self {
            unix_s: clock::unix_s(),
            kernel: kernel::release(),
            model: (manifest.name.clone(), manifest.model_sha256.clone()),
        }
    }

    /// An origin of which nothing else is known yet.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            learned_unix_s: self.unix_s,
            kernel: self.kernel.clone(),
            tool: env!("CARGO_PKG_VERSION").into(),
            model: self.model.clone(),
            ..Origin::default()
        }
    }
}
