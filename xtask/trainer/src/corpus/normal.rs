//! The only traces that a model may be fitted to or chosen by.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Trace;
use crate::train::random::{Use, generator, shuffle};

/// Normal traces of the training part. They are made here, from that part alone, and there is no
/// other way to make one: whatever takes this type cannot see an attack or a validation trace.
#[derive(Clone, Debug)]
pub struct NormalTraces {
    traces: Vec<Trace>,
    sha256: String,
}

impl NormalTraces {
    /// From the traces of the training part and the bytes they were read from.
    pub(super) fn new(mut traces: Vec<(Trace, Vec<u8>)>) -> Self {
        traces.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        let mut hash = Sha256::new();
        for (trace, bytes) in &traces {
            hash.update(trace.name.as_bytes());
            hash.update([0]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
        let sha256 = format!("{:x}", hash.finalize());
        Self {
            traces: traces.into_iter().map(|(trace, _)| trace).collect(),
            sha256,
        }
    }

    /// Made-up traces for a test.
    #[must_use]
    pub fn made_up(traces: Vec<(Trace, Vec<u8>)>) -> Self {
        Self::new(traces)
    }

    /// The traces, sorted by name.
    #[must_use]
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// SHA-256 over each trace's name, a zero byte, its length in bytes (64 bits, little endian)
    /// and its bytes, in the order of names.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Calls in all.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.traces.iter().map(|trace| trace.calls.len()).sum()
    }

    /// Splits into those to fit to and those held out, about `share` of all by number of traces,
    /// drawn by the seed. Traces that repeat each other stay on one side. Both sides are never
    /// empty when there are two different traces.
    #[must_use]
    pub fn split(&self, share: f64, seed: u64) -> (Vec<&Trace>, Vec<&Trace>) {
        let mut same: BTreeMap<&[u16], Vec<&Trace>> = BTreeMap::new();
        for trace in &self.traces {
            same.entry(&trace.calls).or_default().push(trace);
        }
        let mut groups: Vec<Vec<&Trace>> = same.into_values().collect();
        groups.sort_by(|a, b| a[0].name.cmp(&b[0].name));
        shuffle(&mut groups, &mut generator(seed, Use::Split, [0, 0]));
        let wanted = ((self.traces.len() as f64 * share).round() as usize).max(1);
        let (mut fitted, mut held_out) = (Vec::new(), Vec::new());
        for group in groups {
            if held_out.len() < wanted {
                held_out.extend(group)
            } else {
                fitted.extend(group)
            }
        }
        fitted.sort_by(|a, b| a.name.cmp(&b.name));
        held_out.sort_by(|a, b| a.name.cmp(&b.name));
        (fitted, held_out)
    }
}

#[cfg(test)]
mod tests {
    use super::NormalTraces;
    use crate::corpus::Trace;

    fn normal(traces: &[(&str, &[u16])]) -> NormalTraces {
        let with_bytes = |&(name, calls): &(&str, &[u16])| {
            (
                Trace {
                    name: name.to_owned(),
                    calls: calls.to_vec(),
                },
                format!("{calls:?}").into_bytes(),
            )
        };
        NormalTraces::new(traces.iter().map(with_bytes).collect())
    }

    #[test]
    fn a_split_keeps_every_trace_once_and_repeats_together() {
        let all: Vec<(String, Vec<u16>)> = (0..100u16)
            .map(|n| (format!("{n:03}"), vec![n % 60]))
            .collect();
        let borrowed: Vec<(&str, &[u16])> = all
            .iter()
            .map(|(name, calls)| (&name[..], &calls[..]))
            .collect();
        let traces = normal(&borrowed);
        let (fitted, held_out) = traces.split(0.1, 1);
        assert_eq!(fitted.len() + held_out.len(), 100);
        assert!((10..=11).contains(&held_out.len()), "{}", held_out.len());
        assert!(
            held_out
                .iter()
                .all(|a| fitted.iter().all(|b| a.calls != b.calls))
        );
        assert_ne!(traces.split(0.1, 2).1, held_out);
        assert_eq!(traces.split(0.1, 1).1, held_out);
    }

    #[test]
    fn the_hash_depends_on_content_and_not_on_order() {
        let a = normal(&[("a", &[1]), ("b", &[2])]);
        assert_eq!(a.sha256(), normal(&[("b", &[2]), ("a", &[1])]).sha256());
        assert_ne!(a.sha256(), normal(&[("a", &[2]), ("b", &[1])]).sha256());
    }
}
