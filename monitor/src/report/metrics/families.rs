//! The families of metrics, one after the other: a table of names and helps, and so a long file.

mod family;

mod process;

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::{Reload, SERVICES, ServiceFigures};
use crate::report::tally::Series;
use crate::run::clock::WallClock;
use crate::run::snapshot::{ModelIdentity, OutputStatus, Snapshot};
use family::{Labels, and, family, none, of};
use process::process;

/// The states of a service; each has a series, so that none is missing.
const STATES: [&str; 5] = ["learning", "settled", "watching", "changed", "unsettled"];

#[derive(Debug)]
pub(super) struct Families {
    pub snapshot: Option<(Instant, Arc<Snapshot>)>,
    pub outputs: Vec<OutputStatus>,
    pub alarms: Vec<(Series, u64)>,
    pub model: Option<ModelIdentity>,
    pub services: Option<Vec<ServiceFigures>>,
    pub reload: Option<Reload>,
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let encoder = &mut encoder;
        self.build(encoder)?;
        let services = self.services();
        Self::by_service(&services, encoder)?;
        self.alarms(&services, encoder)?;
        self.run(encoder)?;
        self.outputs(encoder)?;
        self.reload(encoder)?;
        process(encoder)
    }
}

impl Families {
    fn build(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let sha256 = self.model.as_ref().map_or("", |it| it.sha256.as_str());
        let labels = [
            ("version", env!("CARGO_PKG_VERSION")),
            ("revision", option_env!("MONITOR_REVISION").unwrap_or("")),
            ("model_sha256", sha256),
        ];
        family(
            encoder,
            "monitor_build_info",
            "What runs, and by which model it judges",
        )
        .gauges([(and(Labels::new(), &labels), 1_u64)])
    }

    /// Of a run without services, one that has no name.
    fn services(&self) -> Vec<ServiceFigures> {
        if let Some(services) = &self.services {
            return services.clone();
        }
        let Some((_, snapshot)) = &self.snapshot else {
            return Vec::new();
        };
        let counters = &snapshot.counters;
        let profile = self.model.as_ref().and_then(|it| it.profile.as_ref());
        vec![ServiceFigures {
            state: if profile.is_some() {
                "watching"
            } else {
                "learning"
            },
            calls: counters.calls,
            scored: counters.scored,
            suppressed: vec![("alike", counters.alike), ("rate", counters.suppressed)],
            surprise: counters
                .current_mean
                .map(|it| ("slow", it))
                .into_iter()
                .collect(),
            io_uring_enter: counters.io_uring_enter,
            profile_sha256: profile.map(|it| it.sha256.clone()),
            ..ServiceFigures::default()
        }]
    }

    fn by_service(services: &[ServiceFigures], encoder: &mut DescriptorEncoder) -> fmt::Result {
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

    fn alarms(&self, services: &[ServiceFigures], encoder: &mut DescriptorEncoder) -> fmt::Result {
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

    fn run(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let Some((_, snapshot)) = &self.snapshot else {
            return Ok(());
        };
        let counters = &snapshot.counters;
        let mut lost: Vec<_> = snapshot
            .source
            .lost
            .iter()
            .map(|&(reason, count)| (reason.replace(' ', "_"), count))
            .collect();
        lost.push(("not_scored_in_time".into(), snapshot.unscored.calls));
        let reasons = lost
            .iter()
            .map(|(reason, count)| (and(Labels::new(), &[("reason", reason)]), *count));
        family(
            encoder,
            "monitor_calls_lost",
            "System calls that were lost, by reason",
        )
        .counters(reasons)?;
        family(
            encoder,
            "monitor_gaps",
            "Stretches of calls that did not follow the one before",
        )
        .counters(none(counters.gaps))?;
        family(
            encoder,
            "monitor_threads",
            "Threads whose stream has not ended",
        )
        .gauges(none(counters.open_threads))?;
        family(
            encoder,
            "monitor_threads_evicted",
            "Threads forgotten because the table was full",
        )
        .counters(none(counters.evicted))?;
        family(encoder, "monitor_model_calls", "Calls that the LSTM saw")
            .counters(none(counters.answered))?;
        family(encoder, "monitor_model_asked", "Calls that asked the LSTM")
            .counters(none(counters.asked))?;
        if let Some(allowed) = snapshot.cpu_allowed {
            family(
                encoder,
                "monitor_cpu_limit_ratio",
                "What the monitor may use of one core",
            )
            .gauges(none(allowed))?;
        }
        family(
            encoder,
            "monitor_cpu_exhausted",
            "Whether the LSTM has given up all it can",
        )
        .gauges(none(u64::from(snapshot.cpu_exhausted)))?;
        let coverage = &counters.coverage;
        let kinds = [
            ("name", coverage.by_name),
            ("meaning", coverage.by_meaning),
            ("none", coverage.unmapped),
        ];
        let all = kinds.iter().map(|it| it.1).sum::<u64>().max(1) as f64;
        family(
            encoder,
            "monitor_coverage_ratio",
            "Calls by how the model's vocabulary has them",
        )
        .gauges(
            kinds.map(|(kind, count)| (and(Labels::new(), &[("kind", kind)]), count as f64 / all)),
        )?;
        let last = WallClock::Live.timestamp(snapshot.last_call_ns);
        let last = last.map(|at| at.as_nanosecond() as f64 / 1e9);
        family(
            encoder,
            "monitor_last_call_timestamp_seconds",
            "When the last call was made that was read",
        )
        .gauges(last.map(|at| (Labels::new(), at)))
    }

    fn outputs(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let statuses = self.outputs.iter().flat_map(|it| {
            [
                ("ok", it.written),
                ("error", it.failures),
                ("dropped", it.dropped),
            ]
            .map(|(status, count)| {
                let labels = [("destination", it.name.as_str()), ("status", status)];
                (and(Labels::new(), &labels), count)
            })
        });
        family(
            encoder,
            "monitor_outputs",
            "Statements by output: written, attempts that failed, dropped",
        )
        .counters(statuses)?;
        let queued =
            |it: &OutputStatus| (and(Labels::new(), &[("destination", &it.name)]), it.queued);
        family(
            encoder,
            "monitor_output_queue_length",
            "Statements that wait for an output",
        )
        .gauges(self.outputs.iter().map(queued))
    }

    fn reload(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let Some(reload) = self.reload else {
            return Ok(());
        };
        let at = reload
            .at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        family(
            encoder,
            "monitor_config_last_reload_successful",
            "Whether the configuration was taken",
        )
        .gauges(none(u64::from(reload.successful)))?;
        family(
            encoder,
            "monitor_config_last_reload_success_timestamp_seconds",
            "When a configuration was last taken",
        )
        .gauges(none(at.as_secs_f64()))
    }
}
