//! The process that acts: started with the plan before anything is watched, and asked by lines of
//! JSON.
//!
//! Whoever asks reads what hostile processes do, and may be theirs by now. So a request names what
//! is to be done and to whom, and nothing in it is believed: the plan says what an incident of that
//! severity may have done at all, files say whose the process is, its start time says that it is
//! still that one, and a list that no configuration shortens says what is never touched. There is a
//! limit an hour. What was frozen or stopped goes on after a time, when the monitor ends, and, if
//! this process was killed, when it is started again.

mod judging;

mod record;

mod undoing;

use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hands::Hands;
use super::plan::{Action, Plan};
use super::request::{LONGEST, Request};
use super::statement::{ActionStatement, Outcome};
use crate::live::privileges::{Needs, give_up};
use crate::service::host::Host;
use crate::service::identity::{Lookup, Rules};
use judging::Target;
use record::Record;

/// The name of the command that is the helper, as the command line must know it.
pub const COMMAND: &str = "response-helper";

/// Requests that may wait.
const QUEUED: usize = 16;

/// The time in which actions are limited.
const HOUR: Duration = Duration::from_hours(1);

/// What the helper is told at its start.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Start {
    /// What may be done.
    pub plan: Plan,
    /// Whether a user's units are services of their own.
    pub user_units: bool,
    /// Where it is noted what was not undone yet.
    pub record: PathBuf,
}

/// What was done and is to be undone.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Undo {
    /// A cgroup is to be thawed.
    Thaw(String),
    /// A process is to be continued, if it is the one that was started then.
    Continue { pid: u32, start: u64 },
}

/// Something to be undone.
struct Due {
    at: Instant,
    undo: Undo,
    of: ActionStatement,
}

struct Helper {
    plan: Plan,
    hands: Hands,
    lookup: Lookup,
    /// The processes of the monitor.
    monitor: Vec<u32>,
    acted: VecDeque<Instant>,
    dues: Vec<Due>,
    record: Record,
}

/// Is the helper until its input ends: the first line of `input` is the [`Start`], each further one
/// a [`Request`]; lines of `output` are [`ActionStatement`]s.
///
/// # Errors
/// When it is not told its start, or nobody hears it any more. What can be undone is undone.
pub fn serve(input: impl BufRead + Send + 'static, output: &mut dyn Write) -> io::Result<()> {
    // The end of its input is its end: only so it can undo what it did.
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        // SAFETY: to ignore a signal runs no code of this process.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let mut input = input;
    let start: Start = serde_json::from_slice(&line(&mut input)?.unwrap_or_default())?;
    let hands = Hands::new(Host::of_environment());
    let mut helper = Helper {
        lookup: Lookup::new(
            Host::of_environment(),
            Rules {
                user_units: start.user_units,
            },
        ),
        monitor: vec![std::process::id(), std::os::unix::process::parent_id()],
        acted: VecDeque::new(),
        dues: Vec::new(),
        record: Record::at(start.record),
        plan: start.plan,
        hands,
    };
    let needs = Needs {
        looks_up_processes: true,
        signals_a_command: true,
        // Where it writes is not only these: without Landlock it reads other users' processes.
        writes: vec![PathBuf::from("/sys/fs/cgroup")],
        ..Needs::default()
    };
    give_up(&needs).map_err(io::Error::other)?;
    let freezes = helper.plan.all().any(|it| *it == Action::Freeze);
    if let (true, Err(error)) = (freezes, helper.hands.can_freeze()) {
        log::warn!(
            "services cannot be frozen here: {error} (under systemd: ProtectControlGroups=no)"
        );
    }
    helper.undo_what_was_left();
    let (tell, requests) = bounded(QUEUED);
    std::thread::Builder::new()
        .name("requests".into())
        .spawn(move || {
            while let Ok(Some(line)) = line(&mut input) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        })?;
    let served = helper.run(&requests, output);
    // Whatever happened, nothing stays as it is.
    for due in std::mem::take(&mut helper.dues) {
        let said = helper.undo(due);
        // Nobody may hear it any more.
        let _ = say(output, &said);
    }
    served
}

/// The next line, without its end; `None` at the end. A longer one is an error.
fn line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    input.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn say(output: &mut dyn Write, said: &ActionStatement) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

impl Helper {
    fn run(&mut self, requests: &Receiver<Vec<u8>>, output: &mut dyn Write) -> io::Result<()> {
        loop {
            let next = self.dues.iter().map(|it| it.at).min();
            let got = match next {
                Some(at) => requests.recv_deadline(at),
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match got {
                Ok(line) => {
                    // What is no request is not answered: there is nothing to say what it was
                    // about.
                    let Ok(request) = serde_json::from_slice::<Request>(&line) else {
                        continue;
                    };
                    let said = self.take(&request, Instant::now());
                    say(output, &said)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            let now = Instant::now();
            while let Some(at) = self.dues.iter().position(|it| it.at <= now) {
                let due = self.dues.swap_remove(at);
                let said = self.undo(due);
                say(output, &said)?;
            }
        }
    }

    fn take(&mut self, request: &Request, now: Instant) -> ActionStatement {
        let said = |outcome, what| ActionStatement {
            incident: request.incident.clone(),
            service: request.service.clone(),
            action: request.action.clone(),
            outcome,
            what,
            time: Timestamp::now().to_string(),
        };
        let target = match self.judge(request, now) {
            Ok(target) => target,
            Err(why) => return said(Outcome::Refused, why),
        };
        self.acted.push_back(now);
        let (whom, done) = (target.whom(), target.done());
        if self.plan.dry_run {
            return said(Outcome::DryRun, format!("{whom} would be {done}"));
        }
        if let Some(undo) = target.undo() {
            // Noted before: whatever ends this process in between, it goes on again.
            let at = now + self.plan.undo_after;
            let of = said(Outcome::Done, String::new());
            self.dues.push(Due { at, undo, of });
            self.note();
        }
        match self.act(&target) {
            Ok(what) => said(Outcome::Done, what),
            Err(error) => said(Outcome::Failed, format!("{whom} is not {done}: {error}")),
        }
    }

    fn act(&self, target: &Target) -> io::Result<String> {
        match target {
            Target::Cgroup(path) => {
                let stands_still = self.hands.freeze(path, true)?;
                let still = if stands_still {
                    ""
                } else {
                    ", though not all in it stand still yet"
                };
                let span = humantime::format_duration(self.plan.undo_after);
                Ok(format!("{path} is frozen{still}; it goes on in {span}"))
            }
            Target::Process {
                process, signal, ..
            } => {
                process.signal(*signal)?;
                Ok(format!("{} was {}", target.whom(), target.done()))
            }
        }
    }

    fn note(&self) {
        let left = self.dues.iter().map(|it| &it.undo);
        if let Err(error) = self.record.keep(left) {
            log::warn!("what is frozen or stopped cannot be noted: {error}");
        }
    }
}
