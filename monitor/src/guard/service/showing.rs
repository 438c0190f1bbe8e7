//! How a service stands, for whoever asks.

use super::Service;
use crate::detect::counters::Counters;
use crate::detect::detector::Detector;
use crate::guard::board::{ServiceStatus, Suppressed};
use crate::guard::threads::{MOST_CALLS, MOST_THREADS, ServiceThreads};
use crate::model::ScoreError;
use crate::run::clock::WallClock;
use crate::service::life::State;
use crate::service::release::Release;

impl Service {
    /// Its threads with their last calls.
    pub(crate) fn threads(&mut self) -> Result<ServiceThreads, ScoreError> {
        let lacking = self.lacking();
        let tails = self.judging.tails(MOST_THREADS, MOST_CALLS)?;
        let open = self.counters().open_threads;
        Ok(ServiceThreads {
            service: self.key.to_string(),
            judged: self.judging.detector().is_some(),
            lacking,
            left_out: open.saturating_sub(tails.len() as u64),
            threads: tails.into_iter().map(Into::into).collect(),
        })
    }

    fn lacking(&self) -> Vec<String> {
        if self.judging.learner().is_some() && self.life.state() != State::Changed {
            self.life.lacks(&self.evidence, &self.settings)
        } else {
            Vec::new()
        }
    }

    pub(super) fn lost(&self) -> u64 {
        // A learner and a detector of the same calls lose the same ones.
        let judged = self.counters().lost.saturating_sub(self.lost_at_learning);
        self.lost_before + self.lost_at_learning + self.evidence.lost.max(judged)
    }

    /// What was counted of it.
    pub(crate) fn counters(&self) -> Counters {
        let mut counters = self.judging.counters();
        if self.judging.detector().is_none() {
            counters.calls = counters.calls.max(self.calls);
        }
        counters
    }

    /// How it stands.
    pub(crate) fn status(&self) -> ServiceStatus {
        let evidence = self.evidence;
        let counters = self.counters();
        let identity = self.identity.as_ref();
        let cgroup = identity.and_then(|it| it.cgroup.as_ref());
        let pod = identity.and_then(|it| it.pod.as_ref());
        let nearest = self.judging.detector().and_then(Detector::nearest);
        let budget = self.settings.budget;
        ServiceStatus {
            service: self.key.to_string(),
            state: self.life.state(),
            since_s: self.life.since_s(),
            lacking: self.lacking(),
            paused: self.paused,
            release: self.releases.known.as_ref().and_then(Release::words),
            unit: identity.and_then(|it| it.unit.clone()),
            cgroup: cgroup.map(|it| it.path.clone()),
            container_id: identity.and_then(|it| it.container_id.clone()),
            container: identity.and_then(|it| it.container.clone()),
            inner_container_id: identity.and_then(|it| it.inner_id.clone()),
            image: identity.and_then(|it| it.image.clone()),
            pod: pod.map(|pod| format!("{}/{}", pod.namespace, pod.name)),
            calls: self.calls_before + self.calls,
            calls_per_second: self.rate,
            lost: self.lost(),
            blind_since_s: counters.blind_since_ns.and_then(unix_s_at),
            blind_s: counters.blind_ns as f64 / 1e9,
            threads: counters.open_threads,
            learned: evidence.calls,
            learned_s: self.life.learned().as_secs_f64(),
            novelty: evidence.novelty,
            alarms: counters.alarms,
            nearest: nearest.map(Into::into),
            incidents: (0, 0),
            suppressed: Suppressed {
                alike: counters.alike,
                rate: counters.suppressed,
            },
            scored: counters.scored,
            io_uring_enter: counters.io_uring_enter,
            budget_per_second: budget.per_second(),
            last_call_ns: self.last_call_ns,
            profile_sha256: self.profile_sha256.clone(),
            budget: budget.to_string(),
        }
    }
}

/// Seconds since 1970 of an event: a guard's events are of this boot.
fn unix_s_at(time_ns: u64) -> Option<u64> {
    let time = WallClock::Live.timestamp(time_ns)?;
    u64::try_from(time.as_second()).ok()
}

#[cfg(test)]
mod tests;
