//! How the host stands, for whoever asks: written by the scorer once a second, read by everybody else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::threads::ScoreStatus;
use crate::detect::verdict::Verdict;
use crate::incident::{Incident, State as Phase};
use crate::report::metrics::{Metrics, Reload, ServiceFigures};
use crate::report::sink::{Interest, Sink};
use crate::report::text::counted;
use crate::run::memory::resident_bytes;
use crate::run::snapshot::{OutputStatus, Snapshot, Summary};
use crate::run::usage::cpu_time;
use crate::service::life::State;

/// Remarks that are kept.
const MOST_REMARKS: usize = 100;

/// Open incidents of one service that are remembered.
const MOST_OPEN: usize = 256;

/// How one service stands.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
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
    /// Its own cgroup of version 2, as `/proc` shows it.
    pub cgroup: Option<String>,
    /// Its container's id, shortened.
    pub container_id: Option<String>,
    /// Its container's name.
    pub container: Option<String>,
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
    /// The anomaly score of its threads that is nearest to its threshold; `None` while it is learned.
    pub nearest: Option<ScoreStatus>,
    /// Incidents that opened, and those of them that are open.
    pub incidents: (u64, u64),
    /// Alarms that nobody was told of, by reason: like one that was, too many at once, while it is learned.
    pub suppressed: Suppressed,
    /// Calls that have a surprise.
    pub scored: u64,
    /// `io_uring_enter` calls, behind which operations are not seen.
    pub io_uring_enter: u64,
    /// Alarms that are acceptable, a second; `None` of a budget by calls.
    pub budget_per_second: Option<f64>,
    /// When it made its last call, nanoseconds of `CLOCK_MONOTONIC`.
    pub last_call_ns: u64,
    /// SHA-256 of the profile that it is judged by.
    pub profile_sha256: Option<String>,
    /// The false alarms that are acceptable.
    pub budget: String,
}

/// Alarms that nobody was told of, by reason.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Suppressed {
    /// Like one that was told.
    pub alike: u64,
    /// More than the limit a minute.
    pub rate: u64,
}

impl ServiceStatus {
    /// The service as metrics have it.
    #[must_use]
    pub fn figures(&self) -> ServiceFigures {
        ServiceFigures {
            service: self.service.as_str().into(),
            state: match self.state {
                State::New | State::Validating => State::Learning.name(),
                state => state.name(),
            },
            calls: self.calls,
            scored: self.scored,
            suppressed: vec![
                ("alike", self.suppressed.alike),
                ("rate", self.suppressed.rate),
            ],
            budget_per_second: self.budget_per_second,
            surprise: Vec::new(),
            novelty: self.novelty.map(|it| it / 1000.0),
            io_uring_enter: self.io_uring_enter,
            profile_sha256: self.profile_sha256.clone(),
            image: self.image.clone(),
            release: self.release.clone(),
        }
    }
}

/// How the host stands.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
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
    /// Calls that were lost on the way: those that the services miss, or those of all reasons together if they are more.
    pub lost: u64,
    /// Why calls were lost, in words, and how many.
    pub lost_because: Vec<(String, u64)>,
    /// What else was missed, in words, and how many.
    pub missed: Vec<(String, u64)>,
    /// Incidents that opened, and those of them that are open.
    pub incidents: (u64, u64),
    /// CPU time that the monitor used, seconds.
    pub cpu_s: f64,
    /// What it may use of one core, if that is limited.
    pub cpu_allowed: Option<f64>,
    /// Memory that it occupies, bytes.
    pub resident_bytes: Option<u64>,
    /// Whether the model is asked as little as can be, to keep to the share of the CPU.
    pub cpu_exhausted: bool,
    /// How each output does.
    pub outputs: Vec<OutputStatus>,
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
    /// By service, incidents that opened and those of them that are open.
    #[serde(skip)]
    pub incidents_of: BTreeMap<String, Tally>,
}

/// The incidents of one service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    opened: u64,
    open: BTreeSet<String>,
}

impl HostStatus {
    /// Takes over how the services stand.
    pub fn show(&mut self, mut services: Vec<ServiceStatus>) {
        for it in &mut services {
            if let Some(tally) = self.incidents_of.get(&it.service) {
                it.incidents = (tally.opened, tally.open.len() as u64);
            }
        }
        self.services = services;
    }

    /// Counts an incident by its service.
    fn count_incident(&mut self, incident: &Incident) {
        let service = incident.service.to_string();
        // A service that nobody watches any more keeps its count: there are never more than were seen.
        let tally = self.incidents_of.entry(service).or_default();
        if incident.state == Phase::Closed {
            tally.open.remove(&incident.id);
            return;
        }
        // One whose end was never heard of, at worst.
        if tally.open.len() >= MOST_OPEN {
            tally.open.pop_first();
        }
        let is_new = tally.open.insert(incident.id.clone());
        tally.opened += u64::from(is_new && incident.state == Phase::Opened);
    }

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
            format!(
                "{}: {}",
                counted(self.services.len() as u64, "service"),
                counts.join(", ")
            )
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

/// Takes over to a board how the run stands, and from it to metrics how the services do.
pub struct Overview {
    board: Board,
    metrics: Arc<OnceLock<Metrics>>,
}

impl Overview {
    /// Of this board; `metrics` are told once they are there.
    #[must_use]
    pub const fn new(board: Board, metrics: Arc<OnceLock<Metrics>>) -> Self {
        Self { board, metrics }
    }

    fn tell_metrics(&self) {
        let Some(metrics) = self.metrics.get() else {
            return;
        };
        let board = self.board.lock();
        metrics.set_services(board.services.iter().map(ServiceStatus::figures).collect());
        metrics.set_reload(Reload {
            successful: board.config_is_right,
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(board.config_read_s),
        });
    }
}

impl Sink for Overview {
    fn interest(&self) -> Interest {
        Interest {
            status: true,
            ..Interest::INCIDENTS
        }
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        self.board.lock().count_incident(incident);
        Ok(())
    }

    fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn status(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let told = |counts: &[(&'static str, u64)]| {
            let told = counts.iter().map(|&(why, count)| (why.to_owned(), count));
            told.collect::<Vec<_>>()
        };
        let mut because = told(&snapshot.source.lost);
        if snapshot.unscored.calls > 0 {
            because.push(("not scored in time".to_owned(), snapshot.unscored.calls));
        }
        self.tell_metrics();
        let mut board = self.board.lock();
        board.lost = snapshot.lost_calls();
        board.lost_because = because;
        board.missed = told(&snapshot.source.missed);
        board.incidents = snapshot.incidents;
        board.cpu_exhausted = snapshot.cpu_exhausted;
        board.cpu_s = cpu_time().as_secs_f64();
        board.cpu_allowed = snapshot.cpu_allowed;
        board.resident_bytes = resident_bytes();
        board.outputs.clone_from(&snapshot.outputs);
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
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
