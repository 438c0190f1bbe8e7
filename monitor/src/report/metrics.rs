//! The monitor's own metrics, for Prometheus: names, labels and units as `docs/metrics.md` lists
//! them.
//!
//! They are read from the last state of the run when somebody asks, so that a scrape costs the
//! watch nothing. No label has more values than there are services, outputs and reasons.

mod families;

pub mod serve;

pub mod textfile;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::report::hub::Hub;
use crate::run::snapshot::ModelIdentity;

use families::Families;

/// Services that have series of their own; the others are left out, and counted in
/// `monitor_services`.
pub const SERVICES: usize = 1024;

/// For how long source and scorer may give no sign of life.
const ALIVE: Duration = Duration::from_secs(10);

/// What is known of one service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceFigures {
    /// Its key; empty in a run of a single service that has none.
    pub service: Arc<str>,
    /// `learning`, `settled`, `watching`, `changed` or `unsettled`.
    pub state: &'static str,
    /// Calls that reached the detector.
    pub calls: u64,
    /// Calls that have a surprise.
    pub scored: u64,
    /// Alarms that no person was told of, by reason: `alike`, `rate`, `accepted` or `learning`.
    pub suppressed: Vec<(&'static str, u64)>,
    /// Alarms that are acceptable, a second.
    pub budget_per_second: Option<f64>,
    /// The highest score now, nats a call, by pace.
    pub surprise: Vec<(&'static str, f64)>,
    /// New sequences per call learned, lately.
    pub novelty: Option<f64>,
    /// `io_uring_enter` calls, behind which operations are not seen.
    pub io_uring_enter: u64,
    /// SHA-256 of its profile.
    pub profile_sha256: Option<String>,
    /// Image of its container.
    pub image: Option<String>,
    /// Version of its package or unit.
    pub release: Option<String>,
}

/// How the last reading of the configuration went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reload {
    /// Whether the file is in force.
    pub successful: bool,
    /// When one last was.
    pub at: SystemTime,
}

/// What metrics are made of.
#[derive(Debug)]
struct Shared {
    hub: Hub,
    model: Option<ModelIdentity>,
    services: Option<Vec<ServiceFigures>>,
    reload: Option<Reload>,
}

/// The metrics of a run. A clone is of the same ones.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Mutex<Shared>>);

/// Whether the monitor does its work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Health {
    /// Source and scorer gave a sign of life within seconds.
    Alive,
    /// Nothing came yet.
    Starting,
    /// What has stopped.
    Stopped(&'static str),
}

impl Metrics {
    /// Of the run whose outputs are `hub`, judged by `model`.
    #[must_use]
    pub fn new(hub: Hub, model: Option<ModelIdentity>) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            hub,
            model,
            services: None,
            reload: None,
        })))
    }

    /// Replaces what is known of the services of a guard.
    pub fn set_services(&self, services: Vec<ServiceFigures>) {
        self.lock().services = Some(services);
    }

    /// Notes how the configuration was read.
    pub fn set_reload(&self, reload: Reload) {
        self.lock().reload = Some(reload);
    }

    /// In the text format of OpenMetrics 1.0.
    ///
    /// # Errors
    ///
    /// When the encoder fails, which it does not in memory.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let families = {
            let shared = self.lock();
            Families {
                snapshot: shared.hub.last_status(),
                outputs: shared.hub.health(),
                alarms: shared.hub.tally().alarms(),
                model: shared.model.clone(),
                services: shared.services.clone(),
                reload: shared.reload,
            }
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(families));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }

    /// Whether the ring is read and calls are scored.
    #[must_use]
    pub fn health(&self) -> Health {
        let hub = self.lock().hub.clone();
        let Some((at, snapshot)) = hub.last_status() else {
            return Health::Starting;
        };
        if at.elapsed() > ALIVE {
            Health::Stopped("the scorer")
        } else if snapshot.source_age.is_some_and(|age| age > ALIVE) {
            Health::Stopped("the reader of the ring")
        } else {
            Health::Alive
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
