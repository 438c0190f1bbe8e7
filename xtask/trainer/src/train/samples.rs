//! The samples of an epoch, batch by batch, for either way of sampling.

use rand::Rng;

use super::gradient::Group;
use super::lanes::Lanes;
use super::network::Network;
use super::random::{Use, generator, shuffle};
use super::recipe::{Recipe, Sampling};
use super::windows::{CONTEXT, Windows};
use crate::corpus::Trace;
use crate::corpus::normal::NormalTraces;
use crate::vocabulary::UNKNOWN;

/// What a run learns from and what it is chosen by. Made of [`NormalTraces`] alone.
pub enum Samples<'a> {
    /// Whole traces.
    Lanes {
        /// To learn from.
        fitted: Vec<&'a [u16]>,
        /// To choose by.
        held_out: Vec<&'a [u16]>,
    },
    /// Windows.
    Windows {
        /// To learn from.
        fitted: Windows,
        /// To choose by.
        held_out: Windows,
    },
}

/// One pass over samples.
pub enum Pass<'a> {
    /// Lanes, in groups of so many.
    Lanes(Lanes, usize, usize),
    /// Windows in this order, `batch` at a time.
    Windows(&'a Windows, Vec<u32>, usize),
}

impl<'a> Samples<'a> {
    /// Splits the traces as the recipe says.
    #[must_use]
    pub fn new(recipe: &Recipe, traces: &'a NormalTraces) -> Self {
        match &recipe.sampling {
            Sampling::Lanes { .. } => {
                let (fitted, held_out) = traces.split(recipe.held_out, recipe.seed);
                Self::Lanes {
                    fitted: fitted.iter().map(|trace| &trace.calls[..]).collect(),
                    held_out: held_out.iter().map(|trace| &trace.calls[..]).collect(),
                }
            }
            Sampling::Windows { all, drop_in, .. } => {
                let calls = traces.traces().iter().map(|trace| &trace.calls[..]);
                let mut fitted = Windows::new(calls, *all);
                let held_out = fitted.split_off(recipe.held_out);
                if *drop_in > 0 {
                    fitted =
                        fitted.drop_in(*drop_in, &mut generator(recipe.seed, Use::DropIn, [0, 0]));
                }
                Self::Windows { fitted, held_out }
            }
        }
    }

    /// Traces to evaluate only: none are trained on. Of windows, the first
    /// 20,000 and some are taken, as the notebook does.
    #[must_use]
    pub fn to_evaluate(recipe: &Recipe, traces: impl Iterator<Item = &'a [u16]>) -> Self {
        match recipe.sampling {
            Sampling::Lanes { .. } => Self::Lanes {
                fitted: Vec::new(),
                held_out: traces.collect(),
            },
            Sampling::Windows { .. } => Self::Windows {
                fitted: Windows::default(),
                held_out: Windows::new(traces, false),
            },
        }
    }

    /// How many calls an epoch predicts, and how many are held out.
    #[must_use]
    pub fn calls(&self) -> (usize, usize) {
        match self {
            Self::Lanes { fitted, held_out } => {
                let calls = |traces: &[&[u16]]| traces.iter().map(|calls| calls.len()).sum();
                (calls(fitted), calls(held_out))
            }
            Self::Windows { fitted, held_out } => (fitted.len(), held_out.len()),
        }
    }

    /// An epoch of training, in its own order.
    #[must_use]
    pub fn epoch(&self, recipe: &Recipe, epoch: u32) -> Pass<'_> {
        let place = [u64::from(epoch), 0];
        let mut order = generator(recipe.seed, Use::Order, place);
        match (self, &recipe.sampling) {
            (
                Self::Lanes { fitted, .. },
                Sampling::Lanes {
                    lanes,
                    steps,
                    unknown,
                },
            ) => {
                let mut traces: Vec<Vec<u16>> = fitted.iter().map(|calls| calls.to_vec()).collect();
                shuffle(&mut traces, &mut order);
                let mut generator = generator(recipe.seed, Use::Unknown, place);
                for call in traces.iter_mut().flatten() {
                    if generator.random_bool(*unknown) {
                        *call = UNKNOWN;
                    }
                }
                Pass::Lanes(
                    Lanes::new(traces.iter().map(|calls| &calls[..]), *lanes, *steps),
                    *lanes,
                    recipe.group,
                )
            }
            (Self::Windows { fitted, .. }, Sampling::Windows { batch, .. }) => {
                let mut places: Vec<u32> = (0..fitted.len() as u32).collect();
                shuffle(&mut places, &mut order);
                Pass::Windows(fitted, places, *batch)
            }
            _ => unreachable!("samples are made by the same recipe"),
        }
    }

    /// The held-out samples.
    #[must_use]
    pub fn held_out(&self, recipe: &Recipe) -> Pass<'_> {
        match (self, &recipe.sampling) {
            (Self::Lanes { held_out, .. }, Sampling::Lanes { lanes, steps, .. }) => Pass::Lanes(
                Lanes::new(held_out.iter().copied(), *lanes, *steps),
                *lanes,
                recipe.group,
            ),
            (Self::Windows { held_out, .. }, _) => {
                Pass::Windows(held_out, (0..held_out.len() as u32).collect(), 200)
            }
            _ => unreachable!("samples are made by the same recipe"),
        }
    }
}

/// The traces that the weights were not fitted to: those held out, or, of windows, those that begin
/// after the last window fitted to. (The best epoch was chosen by some of them.)
#[must_use]
pub fn held_out_traces<'a>(recipe: &Recipe, traces: &'a NormalTraces) -> Vec<&'a Trace> {
    let mut once = recipe.clone();
    if let Sampling::Windows { drop_in, .. } = &mut once.sampling {
        *drop_in = 0;
    }
    match Samples::new(&once, traces) {
        Samples::Lanes { .. } => traces.split(recipe.held_out, recipe.seed).1,
        Samples::Windows { fitted, .. } => {
            let mut before = 0;
            let begins_after = |trace: &&Trace| {
                let begin = before;
                before += trace.calls.len().saturating_sub(CONTEXT);
                begin >= fitted.len()
            };
            traces.traces().iter().filter(begins_after).collect()
        }
    }
}

impl Pass<'_> {
    /// How many batches there are.
    #[must_use]
    pub fn steps(&self) -> usize {
        match self {
            Self::Lanes(lanes, ..) => lanes.chunks(),
            Self::Windows(_, places, batch) => places.len().div_ceil(*batch),
        }
    }

    /// Puts a batch into the groups (made anew where the batch has other lanes) and returns how
    /// many calls it predicts.
    pub fn fill(
        &self,
        network: &Network,
        step: usize,
        group: usize,
        groups: &mut Vec<Group>,
    ) -> usize {
        match self {
            Self::Lanes(lanes, count, group) => {
                if step == 0 {
                    let starts = (0..*count).step_by(*group);
                    *groups = starts
                        .map(|at| Group::new(network, (count - at).min(*group)))
                        .collect();
                }
                for (index, part) in groups.iter_mut().enumerate() {
                    let at = index * group;
                    part.batch = lanes.batch(step, at..(at + group).min(*count));
                }
                lanes.calls(step)
            }
            Self::Windows(windows, places, batch) => {
                let places = &places[step * batch..((step + 1) * batch).min(places.len())];
                let parts = places.chunks(group);
                let fresh = parts.map(|places| {
                    let mut group = Group::new(network, places.len());
                    group.batch = windows.batch(places);
                    group
                });
                *groups = fresh.collect();
                places.len()
            }
        }
    }
}
