//! Why the kernel cannot be watched.

use aya::{EbpfError, maps::MapError, programs::ProgramError};

use super::{
    command::CommandError, preflight::PreflightError, privileges::PrivilegeError,
    target::TargetError,
};

/// Why a live run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The host cannot.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The kernel keeps things elsewhere than any that is known.
    #[error("{0}: this kernel is not supported yet; please report its version")]
    Layout(String),
    /// The target cannot be watched.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The kind of tracepoint that was asked for is not there.
    #[error("no perf tracepoints: {0}")]
    Attachment(std::io::Error),
    /// The probe cannot be loaded.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The command cannot be run.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The privileges that are no longer needed could not be dropped.
    #[error("cannot drop privileges")]
    Privileges(#[from] PrivilegeError),
    /// The kernel did not let the reader read.
    #[error("cannot read from the probe: {0}")]
    Read(std::io::Error),
}

/// Why the probe does not run.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The loader or the kernel refused it.
    #[error("the kernel refused the probe: {}", chain(.0))]
    Load(EbpfError),
    /// The verifier or an attach point refused it.
    #[error("the kernel refused the probe: {}", chain(.0))]
    Program(ProgramError),
    /// A map could not be used.
    #[error("a map of the probe cannot be used: {}", chain(.0))]
    Map(MapError),
    /// The kernel refused an event of a perf tracepoint.
    #[error("the kernel refused the probe at a perf tracepoint: {0}")]
    PerfEvent(std::io::Error),
    /// A map could not be mapped into memory.
    #[error("a map of the probe cannot be mapped into memory: {0}")]
    Memory(std::io::Error),
    /// Before Linux 5.11 maps count as locked memory, and the limit may not be raised.
    #[error(
        "{need} MiB of locked memory are needed by the probe on this kernel, and {limit} KiB are \
         allowed: run as root, raise the limit (ulimit -l unlimited, LimitMEMLOCK=infinity of \
         systemd), or ask for less (--ring-size, --max-threads)"
    )]
    LockedMemory {
        /// MiB that the maps take.
        need: u64,
        /// KiB that may be locked.
        limit: u64,
    },
    /// Probe and monitor are of different versions.
    #[error("the probe has no {0}: build the monitor again")]
    Missing(&'static str),
}

// Their words hold the cause, so it is not their source as well.

impl From<std::io::Error> for WatchError {
    fn from(error: std::io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<EbpfError> for ProbeError {
    fn from(error: EbpfError) -> Self {
        Self::Load(error)
    }
}

impl From<ProgramError> for ProbeError {
    fn from(error: ProgramError) -> Self {
        Self::Program(error)
    }
}

impl From<MapError> for ProbeError {
    fn from(error: MapError) -> Self {
        Self::Map(error)
    }
}

impl From<std::io::Error> for ProbeError {
    fn from(error: std::io::Error) -> Self {
        Self::Memory(error)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // A cause that the words before it give already says nothing.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
