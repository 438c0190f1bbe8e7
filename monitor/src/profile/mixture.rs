//! How the n-gram model and the LSTM are weighed.
//!
//! `p(call) = w · p_ngram(call) + (1 − w) · p_lstm(index) · share(call | index)`: the LSTM knows
//! indices of ADFA-LD, of which a service's own calls may share one, so its probability is divided
//! among them as the service makes them. A call that the n-gram expects anyway does not ask the
//! LSTM: there the mixture could change the surprise by no more than `−ln w`.

use crate::profile::ngram::Ngram;
use crate::profile::vocabulary::Vocabulary;
use crate::syscall::event::Call;
use crate::syscall::{adfa, table};

/// Calls before the one that asks by which the LSTM is warmed up, and calls after it that it goes
/// on with.
pub const WARM_CALLS: usize = 32;

/// The weights of a mixture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixture {
    /// Of the n-gram model, between 0 and 1, for the calls that ask.
    pub weight: f64,
    /// A call asks the LSTM when the n-gram gives it a lower probability than that.
    pub asked_below: f64,
}

impl Default for Mixture {
    fn default() -> Self {
        Self {
            weight: 0.5,
            asked_below: 1.0 / 32.0,
        }
    }
}

impl Mixture {
    /// The surprise of a call, nats. `ngram` is the n-gram's probability, `lstm` the LSTM's
    /// surprise of the index in nats if it was asked, and `share` the call's of its index.
    #[must_use]
    pub fn surprise(&self, ngram: f64, lstm: Option<f32>, share: f64) -> f32 {
        let probability = match lstm {
            None => ngram,
            Some(nats) => {
                let lstm = (-f64::from(nats)).exp() * share;
                self.weight * ngram + (1.0 - self.weight) * lstm
            }
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "nats of at most a few hundred"
        )]
        let nats = -probability.max(f64::MIN_POSITIVE).ln() as f32;
        nats
    }
}

/// Which part of an index' probability each of its calls takes.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// By token.
    calls: Vec<f64>,
    /// By index: that of all calls together that the service never made.
    unseen: Vec<f64>,
    /// By index: how many calls of this host's table the service never made, at least one.
    others: Vec<f64>,
}

impl Shares {
    /// The shares by how often the service made each call, smoothed as the n-gram model is (Witten
    /// & Bell 1991, method C): of `n` calls of `t` kinds, what was never seen has `t / (n + t)`.
    #[must_use]
    pub fn new(vocabulary: &Vocabulary, ngram: &Ngram) -> Self {
        let mut totals = vec![0.0; adfa::VOCABULARY];
        let mut types = vec![0_u32; adfa::VOCABULARY];
        let counts: Vec<(usize, f64)> = (0..)
            .zip(vocabulary.calls())
            .map(|(token, &call)| (usize::from(adfa::map(call).index), ngram.count(&[token])))
            .collect();
        for &(index, count) in &counts {
            totals[index] += count;
            types[index] += 1;
        }
        let whole = |index: usize| totals[index] + f64::from(types[index]);
        let mut others = vec![0.0; adfa::VOCABULARY];
        for call in table::calls(table::host()) {
            others[usize::from(adfa::map(call).index)] += 1.0;
        }
        for (others, &made) in others.iter_mut().zip(&types) {
            *others = (*others - f64::from(made)).max(1.0);
        }
        Self {
            calls: counts
                .iter()
                .map(|&(index, count)| count.max(f64::MIN_POSITIVE) / whole(index).max(1.0))
                .collect(),
            unseen: (0..adfa::VOCABULARY)
                .map(|index| match types[index] {
                    0 => 1.0,
                    some => f64::from(some) / whole(index),
                })
                .collect(),
            others,
        }
    }

    /// The share of a call, given its token.
    #[must_use]
    pub fn of(&self, call: Call, token: u32) -> f64 {
        if let Some(&share) = self.calls.get(token as usize) {
            return share;
        }
        let index = usize::from(adfa::map(call).index);
        self.unseen[index] / self.others[index]
    }
}

#[cfg(test)]
mod tests {
    use super::{Mixture, Shares};
    use crate::profile::Profile;
    use crate::syscall::event::Abi;
    use crate::syscall::table;

    #[test]
    fn the_calls_of_an_index_share_its_probability() {
        let mut profile = Profile::default();
        let call = |name| table::call(Abi::X86_64, name).expect("it is in the table");
        // Both are stat64 to ADFA-LD.
        let (stat, newfstatat) = (call("stat"), call("newfstatat"));
        for (made, times) in [(stat, 3), (newfstatat, 9)] {
            let token = profile.vocabulary.intern(made);
            for _ in 0..times {
                profile.ngram.learn([token]).expect("a token");
            }
        }
        let shares = Shares::new(&profile.vocabulary, &profile.ngram);
        let share = |it| shares.of(it, profile.vocabulary.token(it));
        // 12 calls of 2 kinds: 3/14, 9/14, and 2/14 for those not seen.
        assert!((share(stat) - 3.0 / 14.0).abs() < 1e-12);
        assert!((share(newfstatat) - 9.0 / 14.0).abs() < 1e-12);
        assert!(share(call("statx")) < 2.0 / 14.0 + 1e-12);
        assert!(share(call("statx")) > 0.0);
    }

    #[test]
    fn a_call_that_asks_is_mixed_and_another_is_the_ngrams() {
        let mixture = Mixture {
            weight: 0.75,
            asked_below: 0.03,
        };
        let mixed = mixture.surprise(0.01, Some(2.0), 0.5);
        let expected = -(0.75 * 0.01 + 0.25 * (-2.0_f64).exp() * 0.5).ln();
        assert!((f64::from(mixed) - expected).abs() < 1e-6);
        let alone = mixture.surprise(0.5, None, 0.5);
        assert!((f64::from(alone) - 2.0_f64.ln()).abs() < 1e-6);
    }
}
