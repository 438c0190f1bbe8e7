//! What was found on what was left out.

use crate::detect::cusum::{Cusum, Repeats, Transition};
use crate::profile::held_out::HeldOut;
use crate::profile::mixture::Mixture;

/// What was found on one piece.
pub(super) struct Found {
    /// Calls before the piece, and those of it that came before the last e-folds of what was
    /// learned.
    pub skipped: usize,
    /// All calls.
    pub calls: u32,
    /// Of the calls that broke the sequence: place, by which transition, and nats by the n-gram
    /// alone.
    pub breaks: Vec<(u32, Transition, f32)>,
    /// Of the calls that asked: place, n-gram's nats, probability by the LSTM.
    pub asked: Vec<(u32, f32, f64)>,
}

/// A call that broke what was learned: its place, by which transition, and its surprise, nats.
pub(super) type Broken = (u32, Transition, f32);

impl Found {
    /// Where the calls of the piece break what was learned.
    pub(super) fn broken(&self, mixture: &Mixture) -> Vec<Broken> {
        let mut asked = self.asked.iter().peekable();
        let breaks = self.breaks.iter().filter_map(|&(place, by, ngram)| {
            while asked.next_if(|it| it.0 < place).is_some() {}
            let surprise = match asked.next_if(|it| it.0 == place) {
                None => ngram,
                // The LSTM's probability is shared out already.
                Some(&(_, ngram, lstm)) => {
                    let nats = -lstm.max(f64::MIN_POSITIVE).ln();
                    #[expect(clippy::cast_possible_truncation, reason = "nats of at most 709")]
                    mixture.surprise((-f64::from(ngram)).exp(), Some(nats as f32), 1.0)
                }
            };
            (place as usize >= self.skipped).then_some((place, by, surprise))
        });
        breaks.collect()
    }
}

/// What the breaks of a piece add in all, nats.
pub(super) fn added(broken: &[Broken]) -> f64 {
    let mut repeats = Repeats::default();
    let added = broken.iter();
    added.map(|&(_, by, nats)| repeats.added(by, nats)).sum()
}

/// Adds the peaks of the sum over so many calls, some of which break what was learned.
pub(super) fn peaks(calls: u32, broken: &[Broken], held_out: &mut HeldOut) {
    let mut sum = Cusum::default();
    let mut peak = 0.0_f64;
    let mut broken = broken.iter().peekable();
    for place in 0..calls {
        let it = broken.next_if(|it| it.0 == place);
        sum.push(it.map(|&(_, by, nats)| (by, nats)), held_out.drift);
        peak = peak.max(sum.get());
        if sum.get() == 0.0 && peak > 0.0 {
            held_out.push(std::mem::take(&mut peak));
        }
    }
    if peak > 0.0 {
        held_out.push(peak);
    }
}
