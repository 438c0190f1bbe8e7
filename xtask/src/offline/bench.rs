//! `cargo xtask bench`: how fast is it?

pub mod infer;
pub mod train;

use anyhow::Result;
use clap::Subcommand;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Microseconds a call through the monitor's detector, beside a plain loop over the same weights.
    Infer(infer::Options),
    /// Calls a second that training takes, by cores.
    Train(train::Options),
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
            Self::Train(options) => train::command(&options),
        }
    }
}
