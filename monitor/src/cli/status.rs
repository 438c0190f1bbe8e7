//! What the process tells its caller at the end.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use monitor::pipeline::Outcome;
use monitor::run::snapshot::OutputStatus;

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Nothing was wrong.
    Quiet,
    /// At least one alarm.
    Alarm,
    /// Something failed.
    Failure,
    /// The command line makes no sense.
    Usage,
    /// The status of the command that was run: its own, or 128 and the signal that ended it.
    Command(u8),
}

impl Exit {
    /// The end of a run that raised so many alarms.
    pub const fn after(alarms: u64) -> Self {
        if alarms > 0 { Self::Alarm } else { Self::Quiet }
    }

    /// The end of a run: alarms are told before anything that went wrong on the way.
    pub fn of(outcome: &Outcome) -> Self {
        let failed = outcome.outputs.iter().any(OutputStatus::has_failed);
        match Self::after(outcome.snapshot.counters.alarms) {
            Self::Quiet if failed => Self::Failure,
            exit => exit,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Quiet => Self::SUCCESS,
            Exit::Alarm => Self::from(3),
            Exit::Failure => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::Command(status) => Self::from(status),
        }
    }
}

/// The command line makes no sense: why, and what would.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Whether an error only says that the reader of the output went away.
pub fn is_closed_output(error: &anyhow::Error) -> bool {
    let closed = |cause: &(dyn Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(closed)
}
