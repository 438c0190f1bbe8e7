//! The thread that reads who a process is. It is started before the monitor drops its privileges,
//! since other users' processes and files are read.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::membership::{ServiceId, Whose};
use super::rights::{Does, keep_only};
use crate::service::identity::{Identity, Lookup};
use crate::service::release::Release;

/// How long the scorer waits for an answer; the process is of no service then until it is asked for
/// again.
const PATIENCE: Duration = Duration::from_millis(500);

/// Releases that may wait to be read.
const QUEUED: usize = 64;

enum Question {
    Process(u32),
    Cgroup(String),
}

struct OfRelease {
    service: ServiceId,
    identity: Identity,
    pid: u32,
    before: Option<Release>,
}

/// Asks the threads that read.
pub struct Lookups {
    questions: Sender<(u64, Question)>,
    answers: Receiver<(u64, Option<Identity>)>,
    number: u64,
    releases: Sender<OfRelease>,
    found: Receiver<(ServiceId, Release)>,
}

impl Lookups {
    /// Starts them.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(mut lookup: Lookup) -> io::Result<Self> {
        let (questions, asked) = bounded::<(u64, Question)>(1);
        let (answer, answers) = bounded(1);
        let host = lookup.host().clone();
        thread::Builder::new()
            .name("lookup".into())
            .spawn(move || {
                keep_only(Does::ReadsProcesses);
                for (number, question) in asked {
                    let found = match question {
                        Question::Process(pid) => lookup.of_process(pid),
                        Question::Cgroup(path) => lookup.of_cgroup(&path),
                    };
                    if answer.send((number, found)).is_err() {
                        return;
                    }
                }
            })?;
        let (releases, wanted) = bounded::<OfRelease>(QUEUED);
        let (outgoing, found) = bounded(QUEUED);
        // Apart from the other: hashing an executable takes its time.
        thread::Builder::new()
            .name("release".into())
            .spawn(move || {
                keep_only(Does::ReadsProcesses);
                for it in wanted {
                    let release = Release::read(&host, &it.identity, it.pid, it.before.as_ref());
                    if outgoing.send((it.service, release)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            questions,
            answers,
            number: 0,
            releases,
            found,
        })
    }

    /// Asks for the release of a service by one of its processes; while too many wait, it is not
    /// asked.
    pub fn ask_release(
        &self,
        service: ServiceId,
        identity: Identity,
        pid: u32,
        before: Option<Release>,
    ) {
        let _ = self.releases.try_send(OfRelease {
            service,
            identity,
            pid,
            before,
        });
    }

    /// A release that was found.
    #[must_use]
    pub fn release(&self) -> Option<(ServiceId, Release)> {
        self.found.try_recv().ok()
    }
}

impl Whose for Lookups {
    fn whose(&mut self, pid: u32) -> Option<Identity> {
        self.ask(Question::Process(pid))
    }
}

impl Lookups {
    /// The service whose cgroup is at `path`, if the path tells one.
    pub fn of_cgroup(&mut self, path: &str) -> Option<Identity> {
        self.ask(Question::Cgroup(path.to_owned()))
    }

    fn ask(&mut self, question: Question) -> Option<Identity> {
        self.number += 1;
        let question = (self.number, question);
        self.questions.send_timeout(question, PATIENCE).ok()?;
        loop {
            let (number, identity) = self.answers.recv_timeout(PATIENCE).ok()?;
            // An answer to an earlier question came too late.
            if number == self.number {
                return identity;
            }
        }
    }
}
