//! Families of the outputs and of the configuration.

use std::fmt;
use std::time::SystemTime;

use prometheus_client::encoding::DescriptorEncoder;

use super::Families;
use super::family::{Labels, and, family, none};
use crate::run::snapshot::OutputStatus;

impl Families {
    pub(super) fn outputs(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
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

    pub(super) fn reload(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
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
