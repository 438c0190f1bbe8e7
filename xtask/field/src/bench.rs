//! `cargo xtask bench`: how fast is it?

pub mod budget;
pub mod cascade;
pub mod infer;
pub mod load;
pub mod overhead;
pub mod probe;
pub mod scale;
pub mod soak;
pub mod throughput;
pub mod train;

use anyhow::Result;
use clap::Subcommand;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Microseconds a call through the monitor's detector, beside a plain loop over the same
    /// weights.
    Infer(infer::Options),
    /// Calls a second that training takes, by cores.
    Train(train::Options),
    /// What being watched costs a process, beside other tools.
    Overhead(overhead::Options),
    /// Nanoseconds that the probe takes a call, by the kernel's own count.
    Probe(probe::Options),
    /// Calls a second without loss, what each stage costs, and how old a call is when it is judged.
    Throughput(throughput::Options),
    /// Memory, losses and verdicts of a long run under load.
    Soak(soak::Options),
    /// What the monitor uses of its budget of CPU time, by rate of calls.
    Budget(budget::Options),
    /// What is found, and what is wrong, when the LSTM sees only a share of the calls.
    Cascade(cascade::Options),
    /// Memory for each thread that is followed, and a process that makes threads without end.
    Scale(scale::Options),
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
            Self::Overhead(options) => overhead::command(&options),
            Self::Probe(options) => probe::command(&options),
            Self::Throughput(options) => throughput::command(&options),
            Self::Soak(options) => soak::command(&options),
            Self::Budget(options) => budget::command(&options),
            Self::Cascade(options) => cascade::command(&options),
            Self::Scale(options) => scale::command(&options),
            Self::Load(options) => load::command(&options),
        }
    }
}
