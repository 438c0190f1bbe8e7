//! `cargo xtask bench`: how fast is it?

pub mod infer;

use anyhow::Result;
use clap::Subcommand;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Microseconds a call through the monitor's detector, beside a plain loop over the same weights.
    Infer(infer::Options),
}

impl Bench {
    /// Measures.
    ///
    /// # Errors
    ///
    /// What the measurement cannot do without.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Infer(options) => infer::command(&options),
        }
    }
}
