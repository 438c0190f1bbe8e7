//! LSTM and n-gram mixed, probability by probability, and the choice of their weights.
//!
//! The choice takes [`HeldOut`], which is made of training traces alone: nothing here can be
//! handed a validation trace or an attack.

use trainer::corpus::Trace;
use trainer::corpus::normal::NormalTraces;
use trainer::train::preset::Preset;
use trainer::train::recipe::Recipe;

/// Training traces that neither model was fitted on.
#[derive(Clone, Debug)]
pub struct HeldOut<'a>(Vec<&'a Trace>);

impl<'a> HeldOut<'a> {
    /// Splits the training part as the trainer splits it for a stateful model of this seed: the
    /// traces held out, and those fitted on.
    #[must_use]
    pub fn split(training: &'a NormalTraces, seed: u64) -> (Self, Vec<&'a Trace>) {
        let recipe = Recipe::of(Preset::Lm, seed, None);
        let (fitted, held_out) = training.split(recipe.held_out, seed);
        (Self(held_out), fitted)
    }

    /// The traces.
    #[must_use]
    pub fn traces(&self) -> &[&'a Trace] {
        &self.0
    }
}

/// The surprise of every call of the held-out traces, by both models, in nats.
#[derive(Clone, Debug)]
pub struct HeldOutSurprise<'a> {
    traces: &'a HeldOut<'a>,
    lstm: Vec<Vec<f32>>,
    ngram: Vec<Vec<f32>>,
}

/// A chosen weight and what it was chosen by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The LSTM's share.
    pub weight: f64,
    /// Nats a call of the LSTM alone.
    pub lstm_nats: f64,
    /// Nats a call of the n-gram model alone.
    pub ngram_nats: f64,
    /// Nats a call of the mixture.
    pub mixed_nats: f64,
    /// Calls it was chosen on.
    pub calls: u64,
}

/// `-ln(w e^-a + (1 - w) e^-b)`: the surprise under a mixture of the two probabilities, the first
/// with share `w`.
#[must_use]
pub fn mixed(weight: f64, lstm: f64, ngram: f64) -> f64 {
    let least = lstm.min(ngram);
    let sum = weight * (least - lstm).exp() + (1.0 - weight) * (least - ngram).exp();
    least - sum.ln()
}

impl<'a> HeldOutSurprise<'a> {
    /// Scores the held-out traces with both models.
    ///
    /// Each function gives the surprise of the calls of one trace; when the LSTM's is shorter, it
    /// does not score the first calls, and these are left out on both sides.
    ///
    /// # Errors
    ///
    /// Those of the functions.
    pub fn measure<E>(
        traces: &'a HeldOut<'a>,
        lstm: impl FnOnce(&[&[u16]]) -> Result<Vec<Vec<f32>>, E>,
        ngram: impl FnOnce(&[&[u16]]) -> Result<Vec<Vec<f32>>, E>,
    ) -> Result<Self, E> {
        let calls: Vec<&[u16]> = traces
            .traces()
            .iter()
            .map(|trace| &trace.calls[..])
            .collect();
        Ok(Self {
            traces,
            lstm: lstm(&calls)?,
            ngram: ngram(&calls)?,
        })
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.lstm
            .iter()
            .zip(&self.ngram)
            .flat_map(|(lstm, ngram)| paired(lstm, ngram))
    }

    /// The weight, of the multiples of 0.01 from 0.01 to 0.99, with the fewest nats a call on the
    /// held-out traces.
    #[must_use]
    pub fn choose(&self) -> Choice {
        let calls = self.pairs().count();
        let mean = |sum: f64| sum / calls as f64;
        let nats = |weight| mean(self.pairs().map(|(a, b)| mixed(weight, a, b)).sum());
        let (mixed_nats, weight) = (1..100)
            .map(|percent| f64::from(percent) / 100.0)
            .map(|weight| (nats(weight), weight))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .expect("the grid is not empty");
        Choice {
            weight,
            lstm_nats: mean(self.pairs().map(|(lstm, _)| lstm).sum()),
            ngram_nats: mean(self.pairs().map(|(_, ngram)| ngram).sum()),
            mixed_nats,
            calls: calls as u64,
        }
    }

    /// How many traces it was measured on.
    #[must_use]
    pub fn traces(&self) -> usize {
        self.traces.traces().len()
    }
}

/// The surprises of the calls that both scored, the last of each being of the same call.
pub fn paired(lstm: &[f32], ngram: &[f32]) -> impl Iterator<Item = (f64, f64)> {
    let both = lstm.len().min(ngram.len());
    let tail = |s: &[f32]| s.len() - both;
    lstm[tail(lstm)..]
        .iter()
        .zip(&ngram[tail(ngram)..])
        .map(|(&a, &b)| (f64::from(a), f64::from(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn training(traces: u16) -> NormalTraces {
        let trace = |i| {
            (
                Trace {
                    name: format!("{i}"),
                    calls: vec![i; 4],
                },
                Vec::new(),
            )
        };
        NormalTraces::made_up((0..traces).map(trace).collect())
    }

    #[test]
    fn a_mixture_of_probabilities_is_what_it_says_even_where_they_underflow() {
        let expected = -(0.3 * (-1.5f64).exp() + 0.7 * (-0.2f64).exp()).ln();
        assert!((mixed(0.3, 1.5, 0.2) - expected).abs() < 1e-15);
        let tiny = mixed(0.25, 2000.0, 3000.0);
        assert!((tiny - (2000.0 - 0.25f64.ln())).abs() < 1e-9);
    }

    #[test]
    fn the_weight_is_the_share_in_which_the_models_are_right() {
        let training = training(20);
        let (held, fitted) = HeldOut::split(&training, 1);
        assert_eq!(fitted.len(), 18);
        // Of ten calls the first model is sure and right about seven, the second about the rest;
        // where wrong, each gives almost nothing: the likeliest weight is near 0.7.
        let surprise = |right: fn(usize) -> bool| {
            move |calls: &[&[u16]]| -> Result<_, ()> {
                let one = |_: &&[u16]| (0..10).map(|i| if right(i) { 0.1 } else { 9.0 }).collect();
                Ok(calls.iter().map(one).collect())
            }
        };
        let surprise = HeldOutSurprise::measure(&held, surprise(|i| i < 7), surprise(|i| i >= 7))
            .expect("nothing fails here");
        let choice = surprise.choose();
        assert!((choice.weight - 0.7).abs() < 0.011, "{choice:?}");
        assert!(choice.mixed_nats < choice.lstm_nats && choice.mixed_nats < choice.ngram_nats);
        assert_eq!((surprise.traces(), choice.calls), (2, 20));
    }

    #[test]
    fn calls_that_a_window_model_does_not_score_are_left_out_at_the_front() {
        let pairs: Vec<_> = paired(&[3.0, 4.0], &[0.0, 1.0, 2.0]).collect();
        assert_eq!(pairs, [(3.0, 1.0), (4.0, 2.0)]);
    }
}
