//! What was frozen or stopped goes on.

use std::io;

use jiff::Timestamp;

use super::{Due, Helper, Undo};
use crate::response::hands::Process;
use crate::response::statement::{ActionStatement, Outcome};
use crate::response::untouchable;

impl Helper {
    pub(super) fn undo(&self, due: Due) -> ActionStatement {
        let (outcome, what) = match self.go_on(&due.undo) {
            Ok(what) => (Outcome::Undone, what),
            Err(error) => (Outcome::Failed, format!("it does not go on: {error}")),
        };
        self.note();
        ActionStatement {
            outcome,
            what,
            time: Timestamp::now().to_string(),
            ..due.of
        }
    }

    fn go_on(&self, undo: &Undo) -> io::Result<String> {
        match undo {
            Undo::Thaw(path) => match self.hands.freeze(path, false) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Ok(format!("{path} is gone"))
                }
                thawed => thawed.map(|_| format!("{path} goes on")),
            },
            Undo::Continue { pid, start } => {
                let Ok(process) = Process::open(*pid) else {
                    return Ok(format!("{pid} is gone"));
                };
                if self
                    .hands
                    .stat(*pid, *pid)
                    .is_none_or(|it| it.start != *start)
                {
                    return Ok(format!("{pid} is gone"));
                }
                process.signal(libc::SIGCONT)?;
                Ok(format!("{pid} goes on"))
            }
        }
    }

    /// Lets go on what a helper before, which was killed, froze or stopped.
    pub(super) fn undo_what_was_left(&self) {
        for undo in self.record.read() {
            match &undo {
                // Noted by somebody else, maybe: what is no service's cgroup is left alone.
                Undo::Thaw(path) if untouchable::cgroup(path, &[]).is_err() => continue,
                _ => {}
            }
            match self.go_on(&undo) {
                Ok(what) => log::warn!("it was left frozen or stopped: {what}"),
                Err(error) => {
                    log::warn!("it was left frozen or stopped, and does not go on: {error}")
                }
            }
        }
        self.note();
    }
}
