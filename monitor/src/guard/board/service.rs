//! How one service stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::guard::threads::ScoreStatus;
use crate::report::metrics::ServiceFigures;
use crate::service::life::State;

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
    /// Since when its calls are lost so fast that it is not seen, seconds since 1970; `None` while
    /// it is seen, and while nothing judges it.
    pub blind_since_s: Option<u64>,
    /// How long that was in the whole run, seconds.
    pub blind_s: f64,
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
    /// The anomaly score of its threads that is nearest to its threshold; `None` while it is
    /// learned.
    pub nearest: Option<ScoreStatus>,
    /// Incidents that opened, and those of them that are open.
    pub incidents: (u64, u64),
    /// Alarms that nobody was told of, by reason: like one that was, too many at once, while it is
    /// learned.
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
    /// How it stands in one word: blind, where nothing of it is seen, before where it stands in its
    /// life.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.blind_since_s {
            _ if self.paused => "paused",
            Some(_) => "blind",
            None => self.state.name(),
        }
    }

    /// Since when it is blind, as RFC 3339 has it; `None` while it is seen.
    #[must_use]
    pub fn blind_since(&self) -> Option<String> {
        let since = i64::try_from(self.blind_since_s?).ok()?;
        Some(Timestamp::from_second(since).ok()?.to_string())
    }

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
