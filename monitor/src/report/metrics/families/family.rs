//! One family of metrics with its series.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder,
};
use prometheus_client::metrics::MetricType;

pub(super) type Labels = Vec<(&'static str, String)>;

/// A family: its name without the suffix that its type adds, and what it means.
pub(super) struct Family<'a, 'b> {
    encoder: &'a mut DescriptorEncoder<'b>,
    name: &'static str,
    help: &'static str,
}

impl Family<'_, '_> {
    pub(super) fn counters<V: EncodeCounterValue>(
        self,
        values: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        self.series(MetricType::Counter, values, |metric, value| {
            metric.encode_counter::<Labels, V, u64>(value, None)
        })
    }

    pub(super) fn gauges<V: EncodeGaugeValue>(
        self,
        values: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        self.series(MetricType::Gauge, values, |metric, value| {
            metric.encode_gauge(value)
        })
    }

    /// Each value with its labels, if it has any.
    fn series<V>(
        self,
        kind: MetricType,
        values: impl IntoIterator<Item = (Labels, V)>,
        write: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
    ) -> fmt::Result {
        let mut metric = self
            .encoder
            .encode_descriptor(self.name, self.help, None, kind)?;
        for (labels, value) in values {
            if labels.is_empty() {
                write(&mut metric, &value)?;
            } else {
                write(&mut metric.encode_family(&labels)?, &value)?;
            }
        }
        Ok(())
    }
}

pub(super) fn family<'a, 'b>(
    encoder: &'a mut DescriptorEncoder<'b>,
    name: &'static str,
    help: &'static str,
) -> Family<'a, 'b> {
    Family {
        encoder,
        name,
        help,
    }
}

pub(super) fn none<V>(value: V) -> [(Labels, V); 1] {
    [(Labels::new(), value)]
}

/// A service without a name has no label, which Prometheus takes for the empty one.
pub(super) fn of(service: &str) -> Labels {
    if service.is_empty() {
        Labels::new()
    } else {
        vec![("service", service.to_owned())]
    }
}

pub(super) fn and(mut labels: Labels, more: &[(&'static str, &str)]) -> Labels {
    labels.extend(more.iter().map(|&(name, value)| (name, value.to_owned())));
    labels
}
