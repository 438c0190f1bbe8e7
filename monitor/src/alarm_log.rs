//! The alarm log: where alarms and incidents are kept unless somebody says otherwise, so that they
//! can be explained, replayed, accepted, acknowledged and suppressed later.
//!
//! The log is lines of JSON as `docs/json.md` describes them. A full log is set aside under the
//! name [`former`]; what people note about its incidents lies beside it ([`notes`]).

pub mod file;

pub mod stored;

pub mod notes;

use std::env;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::trace::error::shown;

/// The log's name in its folder.
const NAME: &str = "alarms.jsonl";

/// Why a log or its notes cannot be read or written.
#[derive(Debug, Error)]
pub enum LogError {
    /// No variable of the environment says where it is.
    #[error("neither MONITOR_ALARM_LOG nor HOME says where the alarm log is: give --alarm-log")]
    NoPlace,
    /// A path without a file's name.
    #[error("{} names no file", shown(.0))]
    NoFile(PathBuf),
    /// Its folder cannot be made.
    #[error("cannot make {} ({error})", shown(.folder))]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Whoever put the link there chooses what is written to.
    #[error("{} is a symbolic link", shown(.0))]
    Link(PathBuf),
    /// A pipe, a device or a folder.
    #[error("{} is no regular file", shown(.0))]
    NotRegular(PathBuf),
    /// It belongs to another user than root and that of this run.
    #[error("{} belongs to user {uid}", shown(.path))]
    Foreign {
        /// Which file or folder.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// Other users can write to it.
    #[error("{at} can be written by other users (chmod go-w '{at}')", at = shown(.0))]
    Writable(PathBuf),
    /// The system says no.
    #[error("cannot open {} ({error})", shown(.path))]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The log cannot be read.
    #[error("cannot read the alarm log {} ({error}): {}", shown(.path), remedy(.error))]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The beginning of several ids.
    #[error("several {what} begin with {id}: {named}; give more of the id")]
    Several {
        /// `alarms` or `incidents`.
        what: &'static str,
        /// What was given, escaped.
        id: String,
        /// Some of those that begin so, escaped.
        named: String,
    },
    /// Nothing of that id.
    #[error("there is no {what} {id} in {}: monitor {lists} lists the latest", shown(.path))]
    Missing {
        /// `alarm` or `incident`.
        what: &'static str,
        /// What was given, escaped.
        id: String,
        /// The log.
        path: PathBuf,
        /// The command that lists them.
        lists: &'static str,
    },
    /// A line of that id that cannot be read back.
    #[error("the {what} {id} is not whole ({why})")]
    NotWhole {
        /// `alarm` or `incident`.
        what: &'static str,
        /// Its id, escaped.
        id: String,
        /// What is wrong with it.
        why: String,
    },
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "no live run of this user has kept one; name it by --alarm-log",
        ErrorKind::PermissionDenied => "run as the user who watched, as by sudo",
        _ => "name another by --alarm-log",
    }
}

/// Where the log of this user is.
///
/// # Errors
/// When nothing says where.
pub fn place() -> Result<PathBuf, LogError> {
    // SAFETY: geteuid reads a number of this process and cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    from_environment(root, set).ok_or(LogError::NoPlace)
}

fn from_environment(root: bool, var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(file) = var("MONITOR_ALARM_LOG") {
        return Some(file.into());
    }
    // systemd separates several folders by colons.
    if let Some(folders) = var("STATE_DIRECTORY")
        && let Some(first) = folders.to_str().and_then(|it| it.split(':').next())
    {
        return Some(Path::new(first).join(NAME));
    }
    if root {
        return Some(Path::new("/var/lib/monitor").join(NAME));
    }
    let state = var("XDG_STATE_HOME").map(PathBuf::from);
    state
        .filter(|state| state.is_absolute())
        .or_else(|| Some(PathBuf::from(var("HOME")?).join(".local/state")))
        .map(|state| state.join("monitor").join(NAME))
}

/// The log that was set aside when this one began.
#[must_use]
pub fn former(log: &Path) -> PathBuf {
    beside(log, ".1")
}

/// The file beside a log whose name has this ending.
fn beside(log: &Path, ending: &str) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::from_environment;

    #[test]
    fn the_first_that_says_where_it_is_decides() {
        let place = |root, given: &[(&str, &str)]| {
            from_environment(root, |name| {
                let found = given.iter().find(|it| it.0 == name);
                found.map(|it| it.1.into())
            })
        };
        let at = |path: &str| Some(PathBuf::from(path));
        let home = ("HOME", "/home/me");
        assert_eq!(place(true, &[home]), at("/var/lib/monitor/alarms.jsonl"));
        assert_eq!(
            place(false, &[home]),
            at("/home/me/.local/state/monitor/alarms.jsonl")
        );
        let xdg = ("XDG_STATE_HOME", "/state");
        assert_eq!(
            place(false, &[home, xdg]),
            at("/state/monitor/alarms.jsonl")
        );
        assert_eq!(
            place(false, &[home, ("XDG_STATE_HOME", "relative")]),
            at("/home/me/.local/state/monitor/alarms.jsonl")
        );
        let systemd = ("STATE_DIRECTORY", "/var/lib/a:/var/lib/b");
        assert_eq!(place(true, &[systemd]), at("/var/lib/a/alarms.jsonl"));
        let own = ("MONITOR_ALARM_LOG", "/mine");
        assert_eq!(place(true, &[systemd, own]), at("/mine"));
        assert_eq!(place(false, &[]), None);
    }
}
