//! Families of each service.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::DescriptorEncoder;

use super::Families;
use super::family::{Labels, and, family, of};
use crate::report::metrics::{SERVICES, ServiceFigures};
use crate::report::tally::Series;

/// The states of a service; each has a series, so that none is missing.
const STATES: [&str; 5] = ["learning", "settled", "watching", "changed", "unsettled"];

impl Families {
    pub(super) fn by_service(
        services: &[ServiceFigures],
        encoder: &mut DescriptorEncoder,
    ) -> fmt::Result {
        let in_state =
            |state: &&str| services.iter().filter(|it| it.state == *state).count() as u64;
        family(encoder, "monitor_services", "Services by state").gauges(
            STATES
                .iter()
                .map(|state| (and(Labels::new(), &[("state", state)]), in_state(state))),
        )?;
        let services = services.get(..SERVICES).unwrap_or(services);
        let info = |it: &ServiceFigures| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            let labels = [
                ("profile_sha256", text(&it.profile_sha256)),
                ("image", text(&it.image)),
                ("release", text(&it.release)),
            ];
            let mut all = of(&it.service);
            all.extend(labels);
            (all, 1_u64)
        };
        family(
            encoder,
            "monitor_service_info",
            "The profile and the release of a service",
        )
        .gauges(services.iter().map(info))?;
        let each = |value: fn(&ServiceFigures) -> u64| {
            services.iter().map(move |it| (of(&it.service), value(it)))
        };
        family(encoder, "monitor_calls", "System calls that were read")
            .counters(each(|it| it.calls))?;
        family(
            encoder,
            "monitor_calls_scored",
            "System calls that have a surprise",
        )
        .counters(each(|it| it.scored))?;
        family(
            encoder,
            "monitor_io_uring_enter",
            "io_uring_enter calls: what they submit is not seen",
        )
        .counters(each(|it| it.io_uring_enter))?;
        let suppressed = services.iter().flat_map(|it| {
            let labels = move |reason| and(of(&it.service), &[("reason", reason)]);
            it.suppressed
                .iter()
                .map(move |&(reason, count)| (labels(reason), count))
        });
        family(
            encoder,
            "monitor_alarms_suppressed",
            "Alarms that are counted and not told",
        )
        .counters(suppressed)?;
        let budget = |it: &ServiceFigures| Some((of(&it.service), it.budget_per_second?));
        family(
            encoder,
            "monitor_alarm_budget_per_second",
            "False alarms that are acceptable, a second",
        )
        .gauges(services.iter().filter_map(budget))?;
        let surprise = services.iter().flat_map(|it| {
            let labels = move |pace| and(of(&it.service), &[("pace", pace)]);
            it.surprise
                .iter()
                .map(move |&(pace, nats)| (labels(pace), nats))
        });
        family(
            encoder,
            "monitor_surprise_nats",
            "The highest anomaly score now, nats a call",
        )
        .gauges(surprise)?;
        let novelty = |it: &ServiceFigures| Some((of(&it.service), it.novelty?));
        family(
            encoder,
            "monitor_novelty_ratio",
            "New sequences per call that is learned",
        )
        .gauges(services.iter().filter_map(novelty))
    }

    pub(super) fn alarms(
        &self,
        services: &[ServiceFigures],
        encoder: &mut DescriptorEncoder,
    ) -> fmt::Result {
        let labels = |(service, reason, evidence): &Series| {
            and(of(service), &[("reason", reason), ("evidence", evidence)])
        };
        let counted = self
            .alarms
            .iter()
            .map(|(series, count)| (labels(series), *count));
        // A series that begins at 1 has no increase for Prometheus: each begins at 0.
        let quiet = services.iter().take(SERVICES).flat_map(|it| {
            ["slow", "fast", "first_seen"]
                .map(|reason| (Arc::clone(&it.service), reason, "complete"))
        });
        let quiet = quiet
            .filter(|series| !self.alarms.iter().any(|it| it.0 == *series))
            .map(|series| (labels(&series), 0));
        family(encoder, "monitor_alarms", "Alarms that were told").counters(counted.chain(quiet))
    }
}
