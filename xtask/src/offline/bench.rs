//! `cargo xtask bench`: how fast is it?

pub mod infer;
#[allow(
    dead_code,
    unused_imports,
    reason = "the measurements that start it are not part of this build yet"
)]
pub mod load;
pub mod spread;
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
    /// Make system calls, flat out or at a pace: what the other measurements watch.
    Load(load::Options),
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
            Self::Load(options) => load::command(&options),
        }
    }
}
