//! How the host stands.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::ServiceStatus;
use crate::incident::{Incident, State as Phase};
use crate::report::text::counted;
use crate::run::snapshot::OutputStatus;
use crate::service::life::State;

/// Remarks that are kept.
const MOST_REMARKS: usize = 100;

/// Open incidents of one service that are remembered.
const MOST_OPEN: usize = 256;

/// Blind services that are named.
const MOST_BLIND: usize = 8;

/// How the host stands.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct HostStatus {
    /// The monitor's version.
    pub version: String,
    /// Whether the probe is attached.
    pub attached: bool,
    /// What this host does not let the monitor see or give up, a sentence each, with a remedy
    /// where there is one.
    pub limits: Vec<String>,
    /// How long the run goes on, seconds.
    pub uptime_s: f64,
    /// Its services, by their keys.
    pub services: Vec<ServiceStatus>,
    /// Services that were left out because there were too many.
    pub left_out: u64,
    /// Calls of processes that are of no service, or of one that is not watched.
    pub unwatched_calls: u64,
    /// Calls that were lost on the way: those that the services miss, or those of all reasons
    /// together if they are more.
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
    /// Whether the last reading of the configuration was right, and when it was, in seconds
    /// since 1970.
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
    pub(super) fn count_incident(&mut self, incident: &Incident) {
        let service = incident.service.to_string();
        // A service that nobody watches any more keeps its count: there are never more than were
        // seen.
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
            return "no service seen yet".to_owned();
        }
        let services = counted(self.services.len() as u64, "service");
        let blind = match self.blind().count() {
            0 => String::new(),
            blind => format!("; blind to {blind}"),
        };
        format!("{services}: {}{blind}", counts.join(", "))
    }

    /// The services that are not seen, since when, and what to do, in a line; `None` while all are
    /// seen.
    #[must_use]
    pub fn blind_line(&self) -> Option<String> {
        let named = self.blind().take(MOST_BLIND).map(|(service, since)| {
            let service = service.escape_debug();
            format!("{service} since {since}")
        });
        let mut named: Vec<_> = named.collect();
        if named.is_empty() {
            return None;
        }
        let more = self.blind().count() - named.len();
        if more > 0 {
            named.push(format!("{more} more (see monitor services)"));
        }
        Some(format!(
            "BLIND to {}: calls are lost faster than they can be judged. Look at what floods the \
             monitor; a larger --ring-size or more judging.cpu helps",
            named.join(", ")
        ))
    }

    /// The services that are not seen, and since when.
    fn blind(&self) -> impl Iterator<Item = (&str, String)> {
        let watched = self.services.iter().filter(|it| !it.paused);
        watched.filter_map(|it| Some((it.service.as_str(), it.blind_since()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::{HostStatus, MOST_BLIND, ServiceStatus, State};

    fn watched(service: &str, blind_since_s: Option<u64>) -> ServiceStatus {
        ServiceStatus {
            service: service.into(),
            state: State::Watching,
            blind_since_s,
            ..ServiceStatus::default()
        }
    }

    #[test]
    fn the_blind_service_is_named_with_since_when_and_only_as_long_as_it_is_blind() {
        let mut host = HostStatus::default();
        host.show(vec![
            watched("unit:db.service", None),
            watched("unit:web.service", Some(1_000_000_000)),
        ]);
        assert_eq!(host.line(), "2 services: 2 watching; blind to 1");
        let told = host.blind_line().expect("one is blind");
        assert!(
            told.starts_with("BLIND to unit:web.service since 2001-09-09T01:46:40Z: calls are"),
            "{told}"
        );
        assert_eq!(host.services[0].word(), "watching");
        assert_eq!(host.services[1].word(), "blind");
        host.services[1].paused = true;
        assert_eq!(
            (host.services[1].word(), host.blind_line()),
            ("paused", None)
        );
        host.show(vec![watched("unit:web.service", None)]);
        assert_eq!(host.line(), "1 service: 1 watching");
        assert_eq!(
            (host.services[0].word(), host.blind_line()),
            ("watching", None)
        );
    }

    #[test]
    fn of_many_blind_services_some_are_named_and_the_others_counted() {
        let services = (0..MOST_BLIND + 3).map(|n| watched(&format!("exe:/{n}"), Some(n as u64)));
        let mut host = HostStatus::default();
        host.show(services.collect());
        let told = host.blind_line().expect("all are blind");
        assert_eq!(told.matches(" since ").count(), MOST_BLIND, "{told}");
        assert!(told.contains(", 3 more (see monitor services): "), "{told}");
    }

    #[test]
    fn json_says_which_service_is_blind_and_a_guard_before_that_is_still_read() {
        let json = serde_json::to_value(watched("exe:/a", Some(7))).expect("written");
        assert_eq!(
            (&json["blind_since_s"], &json["blind_s"]),
            (&7.into(), &0.0.into())
        );
        let json = serde_json::to_value(watched("exe:/a", None)).expect("written");
        assert!(json["blind_since_s"].is_null());
        let old: ServiceStatus = serde_json::from_str(r#"{"service": "exe:/a"}"#).expect("read");
        assert_eq!(old.blind_since_s, None);
    }
}
