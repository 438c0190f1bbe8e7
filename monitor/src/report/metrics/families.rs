//! The families of metrics, one after the other.

mod family;

mod services;

mod run;

mod outputs;

mod process;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::{Reload, ServiceFigures};
use crate::report::tally::Series;
use crate::run::snapshot::{ModelIdentity, OutputStatus, Snapshot};
use family::{Labels, and, family};
use process::process;

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
}
