//! Whole traces laid end to end on parallel lanes, cut into chunks, for a stateful model.

use std::ops::Range;

use super::loss::NO_TARGET;
use super::network::Batch;
use crate::vocabulary::START;

/// Traces on lanes: every lane is a sequence of traces, each begun by [`START`] and a zero state.
pub struct Lanes {
    lanes: Vec<Lane>,
    steps: usize,
    chunks: usize,
}

#[derive(Default)]
struct Lane {
    inputs: Vec<u16>,
    targets: Vec<u16>,
}

impl Lanes {
    /// Puts each trace, in this order, on the lane that is the shortest so far.
    #[must_use]
    pub fn new<'a>(traces: impl Iterator<Item = &'a [u16]>, lanes: usize, steps: usize) -> Self {
        let mut all: Vec<Lane> = Vec::new();
        all.resize_with(lanes, Lane::default);
        for calls in traces.filter(|calls| !calls.is_empty()) {
            let shortest = all
                .iter_mut()
                .min_by_key(|lane| lane.targets.len())
                .expect("at least one lane");
            shortest.inputs.push(START);
            shortest.inputs.extend_from_slice(&calls[..calls.len() - 1]);
            shortest.targets.extend_from_slice(calls);
        }
        let longest = all.iter().map(|lane| lane.targets.len()).max().unwrap_or(0);
        Self {
            lanes: all,
            steps,
            chunks: longest.div_ceil(steps),
        }
    }

    /// How many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.chunks
    }

    /// How many calls a chunk predicts.
    #[must_use]
    pub fn calls(&self, chunk: usize) -> usize {
        let at = chunk * self.steps;
        self.lanes
            .iter()
            .map(|lane| lane.targets.len().saturating_sub(at).min(self.steps))
            .sum()
    }

    /// One chunk of a group of lanes.
    #[must_use]
    pub fn batch(&self, chunk: usize, group: Range<usize>) -> Batch {
        let lanes = &self.lanes[group];
        let mut batch = Batch {
            lanes: lanes.len(),
            ..Batch::default()
        };
        for t in chunk * self.steps..(chunk + 1) * self.steps {
            for lane in lanes {
                let input = lane.inputs.get(t).copied().unwrap_or(START);
                batch.inputs.push(input);
                batch.reset.push(input == START);
                batch
                    .targets
                    .push(lane.targets.get(t).copied().unwrap_or(NO_TARGET));
            }
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;
    use crate::train::loss::NO_TARGET;

    #[test]
    fn traces_follow_each_other_and_every_call_is_predicted_once() {
        let traces: [&[u16]; 3] = [&[1, 2, 3], &[4], &[5, 6]];
        let lanes = Lanes::new(traces.into_iter(), 2, 2);
        assert_eq!(lanes.chunks(), 2);
        let first = lanes.batch(0, 0..2);
        assert_eq!(first.inputs, [341, 341, 1, 341]);
        assert_eq!(first.targets, [1, 4, 2, 5]);
        assert_eq!(first.reset, [true, true, false, true]);
        let second = lanes.batch(1, 0..2);
        assert_eq!(second.inputs, [2, 5, 341, 341]);
        assert_eq!(second.targets, [3, 6, NO_TARGET, NO_TARGET]);
        assert_eq!((lanes.calls(0), lanes.calls(1)), (4, 2));
    }
}
