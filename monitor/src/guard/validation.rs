//! Validates what was learned, one service at a time, behind everything else.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::membership::ServiceId;
use super::rights::{Does, keep_only};
use crate::learn::census::Life;
use crate::learn::finish;
use crate::model::Model;
use crate::profile::Profile;
use crate::profile::budget::{self, Budget};
use crate::profile::class::Class;
use crate::service::life::Validated;

/// How much the thread that validates gives way to all others (nice(2)).
const NICE: i32 = 19;

/// What is to be validated.
pub(super) struct Job {
    pub service: ServiceId,
    /// Tells a job from an earlier one of the same service that nobody waits for any more.
    pub number: u64,
    pub profile: Profile,
    pub lives: Vec<Life>,
    pub budget: Budget,
}

/// What came of it.
pub(super) struct Done {
    pub service: ServiceId,
    pub number: u64,
    pub result: Result<(Box<Profile>, Validated), String>,
}

/// The thread that validates.
pub(super) struct Validation {
    jobs: Sender<Job>,
    done: Receiver<Done>,
}

impl Validation {
    /// Starts it.
    pub(super) fn start(model: Model) -> io::Result<Self> {
        let (jobs, incoming) = bounded::<Job>(1);
        let (outgoing, done) = bounded(4);
        thread::Builder::new()
            .name("validation".into())
            .spawn(move || {
                keep_only(Does::Nothing);
                // SAFETY: setpriority takes numbers; 0 stands for the calling thread. Where it is
                // refused, it runs all the same.
                unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
                for job in incoming {
                    let done = validate(model.clone(), job);
                    if outgoing.send(done).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { jobs, done })
    }

    /// Takes a job, or gives it back while another one runs.
    pub(super) fn offer(&self, job: Job) -> Result<(), Box<Job>> {
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => Err(Box::new(job)),
        }
    }

    /// What has come of the jobs.
    pub(super) fn done(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }
}

fn validate(model: Model, job: Job) -> Done {
    let result = finish(model, job.profile, &job.lives, &mut |_, _| {});
    let result = result.map_err(|error| error.to_string()).map(|profile| {
        let (_, support) = budget::thresholds(&profile, &job.budget);
        // Of all that can be new, a privileged call weighs most: where the budget cannot report
        // one, it supports no verdict at all.
        let heaviest = support.of(Class::PrivilegedCall);
        let found = Validated {
            over_budget: heaviest.map_or(0.0, |it| it.expected / support.accepted),
            more: heaviest
                .and_then(|it| Duration::try_from_secs_f64(it.more_s).ok())
                .unwrap_or(Duration::MAX),
        };
        (Box::new(profile), found)
    });
    Done {
        service: job.service,
        number: job.number,
        result,
    }
}
