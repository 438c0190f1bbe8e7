//! How the host stands, for whoever asks: written by the scorer once a second, read by everybody else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::service::life::State;

/// Remarks that are kept.
const MOST_REMARKS: usize = 100;

/// How one service stands.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ServiceStatus {
    /// Its key.
    pub service: String,
    /// Where it stands in its life.
    pub state: State,
    /// Since when, seconds since 1970.
    pub since_s: u64,
    /// What is lacking until it is watched, in words.
    pub lacking: Vec<String>,
    /// Whether a person paused it.
    pub paused: bool,
    /// Its release in a few words.
    pub release: Option<String>,
    /// Its systemd unit.
    pub unit: Option<String>,
    /// Its container's id, shortened.
    pub container_id: Option<String>,
    /// The innermost container's id, of a container in a container.
    pub inner_container_id: Option<String>,
    /// Its image.
    pub image: Option<String>,
    /// Its pod, with the namespace in front.
    pub pod: Option<String>,
    /// Calls seen in all.
    pub calls: u64,
    /// Calls a second, lately.
    pub calls_per_second: f64,
    /// Calls lost in all.
    pub lost: u64,
    /// Threads that are followed now.
    pub threads: u64,
    /// Calls learned.
    pub learned: u64,
    /// How long was learned, seconds.
    pub learned_s: f64,
    /// New sequences per thousand calls, while it is learned.
    pub novelty: Option<f64>,
    /// Alarms raised.
    pub alarms: u64,
    /// When it made its last call, nanoseconds of `CLOCK_MONOTONIC`.
    pub last_call_ns: u64,
    /// SHA-256 of the profile that it is judged by.
    pub profile_sha256: Option<String>,
    /// The false alarms that are acceptable.
    pub budget: String,
}

/// How the host stands.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct HostStatus {
    /// The monitor's version.
    pub version: String,
    /// Whether the probe is attached.
    pub attached: bool,
    /// How long the run goes on, seconds.
    pub uptime_s: f64,
    /// Its services, by their keys.
    pub services: Vec<ServiceStatus>,
    /// Services that were left out because there were too many.
    pub left_out: u64,
    /// Calls of processes that are of no service, or of one that is not watched.
    pub unwatched_calls: u64,
    /// Calls that were lost on the way.
    pub lost: u64,
    /// Which part of the calls that ask for it the model sees.
    pub model_share: f64,
    /// Saves of the state that failed.
    pub saves_failed: u64,
    /// Whether the last reading of the configuration was right, and when it was, seconds since 1970.
    pub config_is_right: bool,
    /// See [`HostStatus::config_is_right`].
    pub config_read_s: u64,
    /// What happened lately, oldest first: when, seconds since 1970, and what.
    pub remarks: VecDeque<(u64, String)>,
}

impl HostStatus {
    /// Notes something that happened.
    pub fn remark(&mut self, now_s: u64, what: String) {
        if self.remarks.len() == MOST_REMARKS {
            self.remarks.pop_front();
        }
        self.remarks.push_back((now_s, what));
    }

    /// How many services are in a state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.services.iter().filter(|it| it.state == state).count()
    }

    /// The host in a line.
    #[must_use]
    pub fn line(&self) -> String {
        let counts = State::ALL.iter().filter_map(|&state| {
            let count = self.count(state);
            (count > 0).then(|| format!("{count} {state}"))
        });
        let counts: Vec<_> = counts.collect();
        if counts.is_empty() {
            "no service seen yet".to_owned()
        } else {
            format!("{} services: {}", self.services.len(), counts.join(", "))
        }
    }
}

/// A [`HostStatus`] that several threads see.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<HostStatus>>);

impl Board {
    /// The status, held as short as can be.
    pub fn lock(&self) -> MutexGuard<'_, HostStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a person asks of a service.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// What was learned suffices.
    Approve,
    /// Learn it anew.
    Relearn,
    /// Neither judge nor learn it.
    Pause,
    /// Go on with it.
    Resume,
    /// Judge by the profile before.
    Rollback,
}

impl Action {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Relearn => "relearn",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Rollback => "rollback",
        }
    }

    /// The action of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Approve,
            Self::Relearn,
            Self::Pause,
            Self::Resume,
            Self::Rollback,
        ];
        all.into_iter().find(|it| it.name() == name)
    }
}
