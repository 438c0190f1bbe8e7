//! One step of training: the groups' gradients side by side, added up in their order.

use super::loss::Tally;
use super::network::{Batch, Network};
use super::parallel;
use super::random::{Use, generator};
use super::recurrence::State;

/// A group of lanes: its part of the batch, its state, its gradient. The groups are the same
/// whatever the number of threads.
pub struct Group {
    /// The lanes' part of the batch.
    pub batch: Batch,
    /// The state before the batch, and after it the state to go on with.
    pub states: Vec<State<f32>>,
    gradient: Vec<f32>,
    tally: Tally,
}

impl Group {
    /// A group with a zero state for `lanes` lanes.
    #[must_use]
    pub fn new(network: &Network, lanes: usize) -> Self {
        Self {
            batch: Batch::default(),
            states: network.zero_states(lanes),
            gradient: Vec::new(),
            tally: Tally::default(),
        }
    }
}

/// Adds the groups' gradients of the mean surprise into `gradient` (which is zeroed first).
/// `place` is the epoch and the step: dropout depends on these, the seed and the group alone.
pub fn gradient(
    network: &Network,
    parameters: &[f32],
    groups: &mut [Group],
    (seed, epoch, step): (u64, u64, u64),
    calls: usize,
    threads: usize,
    gradient: &mut [f32],
) -> Tally {
    let scale = 1.0 / calls.max(1) as f32;
    parallel::each(threads, groups, |index, group| {
        group.gradient.clear();
        group.gradient.resize(parameters.len(), 0.0);
        let mut dropout = generator(seed, Use::Dropout, [epoch, step << 16 | index as u64]);
        group.tally = network.train(
            parameters,
            &group.batch,
            &mut group.states,
            Some(&mut dropout),
            scale,
            &mut group.gradient,
        );
    });
    gradient.fill(0.0);
    let mut tally = Tally::default();
    for group in groups {
        gradient
            .iter_mut()
            .zip(&group.gradient)
            .for_each(|(sum, part)| *sum += *part);
        tally.add(group.tally);
    }
    tally
}

/// The tally of the groups' batches without training; states go on.
pub fn evaluate(
    network: &Network,
    parameters: &[f32],
    groups: &mut [Group],
    threads: usize,
) -> Tally {
    parallel::each(threads, groups, |_, group| {
        group.tally = network.evaluate(parameters, &group.batch, &mut group.states);
    });
    let mut tally = Tally::default();
    groups.iter().for_each(|group| tally.add(group.tally));
    tally
}
