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
    /// At least one alarm; which status that is.
    Alarm(u8),
    /// No alarm, but for a time calls were lost faster than they could be judged.
    Blind,
    /// Something failed.
    Failure,
    /// The command line makes no sense.
    Usage,
    /// The status of the command that was run: its own, or 128 and the signal that ended it.
    Command(u8),
}

impl Exit {
    /// The status of a run with an alarm, unless another is asked for.
    pub const ALARM: u8 = 3;

    /// The end of a command that found so many alarms.
    pub const fn after(alarms: u64) -> Self {
        if alarms > 0 {
            Self::Alarm(Self::ALARM)
        } else {
            Self::Quiet
        }
    }

    /// The end of a run: alarms are told before anything that went wrong on the way.
    pub fn of(outcome: &Outcome, alarm: u8) -> Self {
        let counters = &outcome.snapshot.counters;
        if counters.alarms > 0 {
            Self::Alarm(alarm)
        } else if outcome.outputs.iter().any(OutputStatus::has_failed) {
            Self::Failure
        } else if counters.blind_ns > 0 {
            Self::Blind
        } else {
            Self::Quiet
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Quiet => Self::SUCCESS,
            Exit::Alarm(status) => Self::from(status),
            Exit::Blind => Self::from(4),
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

/// An error with its causes in one line, each of them once: a cause that the words before it give
/// already is left out.
pub fn in_words(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Whether an error only says that the reader of the output went away.
pub fn is_closed_output(error: &anyhow::Error) -> bool {
    let closed = |cause: &(dyn Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(closed)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use monitor::profile::file;

    use super::{Exit, in_words};
    use monitor::pipeline::Outcome;
    use monitor::run::snapshot::{OutputState, OutputStatus};

    #[test]
    fn alarms_decide_the_status_before_outputs_that_failed() {
        let failed = OutputStatus {
            name: "a file".into(),
            state: OutputState::Failing,
            written: 1,
            failures: 1,
            dropped: 1,
            queued: 0,
            error: None,
        };
        let mut outcome = Outcome::default();
        assert_eq!(Exit::of(&outcome, Exit::ALARM), Exit::Quiet);
        outcome.outputs.push(failed);
        assert_eq!(Exit::of(&outcome, Exit::ALARM), Exit::Failure);
        outcome.snapshot.counters.alarms = 1;
        assert_eq!(Exit::of(&outcome, Exit::ALARM), Exit::Alarm(3));
    }

    #[test]
    fn an_error_says_each_cause_once() {
        // Its own words carry the cause, and it is its source as well.
        let error = file::read("/no/such.profile".as_ref()).expect_err("there is none");
        let error = anyhow::Error::from(error).context("not judged");
        let text = in_words(&error);
        assert_eq!(text.matches("No such file").count(), 1, "{text}");
        assert!(
            text.starts_with("not judged: cannot read the profile"),
            "{text}"
        );
        let deep: anyhow::Result<()> = Err(std::io::Error::other("the cause"))
            .context("the middle")
            .context("the whole");
        let deep = deep.expect_err("an error");
        assert_eq!(in_words(&deep), "the whole: the middle: the cause");
    }
}
