//! The report of a period: every service with its incidents, the worst first.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{badge, document};
use crate::detect::severity::Severity;
use crate::report::json::incident::IncidentRecord;

/// Incidents of a service that are listed.
const LISTED: usize = 50;

/// What a period brought, by service.
#[derive(Clone, Debug, Default)]
pub struct Period {
    /// What the period is called, as in `the last 7 days`.
    pub called: String,
    services: BTreeMap<String, Vec<IncidentRecord>>,
}

/// How many incidents a service had of each severity.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// The worst ones.
    pub critical: usize,
    /// Those in which the service did what it never did.
    pub high: usize,
    /// Markedly unusual ones.
    pub medium: usize,
    /// Unusual ones.
    pub low: usize,
}

impl Period {
    /// The period of that name, with the last statement about each incident of it.
    #[must_use]
    pub fn new(called: &str, incidents: impl IntoIterator<Item = IncidentRecord>) -> Self {
        let mut latest = BTreeMap::new();
        for incident in incidents {
            latest.insert(incident.id.clone(), incident);
        }
        let mut services = BTreeMap::<_, Vec<_>>::new();
        for incident in latest.into_values() {
            services
                .entry(incident.service.clone())
                .or_default()
                .push(incident);
        }
        for incidents in services.values_mut() {
            incidents.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.id.cmp(&a.id)));
        }
        Self {
            called: called.into(),
            services,
        }
    }

    /// Each service with its counts, by name.
    pub fn counts(&self) -> impl Iterator<Item = (&str, Counts)> {
        let count = |incidents: &[IncidentRecord]| {
            let of = |severity| {
                incidents
                    .iter()
                    .filter(|it| it.severity == severity)
                    .count()
            };
            Counts {
                critical: of(Severity::Critical),
                high: of(Severity::High),
                medium: of(Severity::Medium),
                low: of(Severity::Low),
            }
        };
        self.services
            .iter()
            .map(move |(name, incidents)| (shown(name), count(incidents)))
    }

    /// Each service with its incidents, the worst and latest first.
    pub fn incidents(&self) -> impl Iterator<Item = (&str, &[IncidentRecord])> {
        self.services
            .iter()
            .map(|(name, incidents)| (shown(name), &incidents[..]))
    }

    /// The document.
    #[must_use]
    pub fn html(&self) -> String {
        let title = format!("Incidents of {}", self.called);
        let body = html! {
            h1 { (title) }
            @if self.services.is_empty() { p { "There were none." } } @else { (self.table()) }
            @for (service, incidents) in self.incidents() {
                h2 { (service) }
                (listed(incidents))
            }
        };
        document(&title, &body)
    }

    fn table(&self) -> Markup {
        html! {
            div class="wide" {
                table {
                    tr {
                        th { "Service" }
                        @for name in ["Critical", "High", "Medium", "Low"] { th class="number" { (name) } }
                    }
                    @for (service, counts) in self.counts() {
                        tr {
                            td { (service) }
                            @for count in [counts.critical, counts.high, counts.medium, counts.low] {
                                td class="number" { (count) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A service that nobody named is named so.
fn shown(service: &str) -> &str {
    if service.is_empty() {
        "(no name)"
    } else {
        service
    }
}

fn listed(incidents: &[IncidentRecord]) -> Markup {
    html! {
        div class="wide" {
            table {
                @for incident in incidents.iter().take(LISTED) {
                    tr {
                        td { (badge(incident.severity)) }
                        td {
                            (incident.headline) br;
                            span class="dim" {
                                (incident.opened.as_deref().unwrap_or("at an unknown time"))
                                ", alarms: " (incident.alarms) ", " code { (incident.id) }
                            }
                        }
                    }
                }
            }
        }
        @if incidents.len() > LISTED { p class="dim" { (incidents.len() - LISTED) " more are in the log." } }
    }
}
