//! Families of the run as a whole.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::Families;
use super::family::{Labels, and, family, none};
use crate::run::clock::WallClock;

impl Families {
    pub(super) fn run(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
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
}
