//! What a detector said of every single call.

use super::json::NextCall;
use super::mixture::{mixed, paired};
use super::scores::Scores;

/// The surprise of the calls of each trace, in nats.
#[derive(Clone, Debug, Default)]
pub struct PerCall {
    /// One entry a validation trace, shorter than it when its first calls are not scored.
    pub normal: Vec<Vec<f32>>,
    /// The same of attack traces.
    pub attacks: Vec<Vec<f32>>,
}

impl PerCall {
    /// The score of each trace: its mean surprise, nats a call.
    #[must_use]
    pub fn scores(&self, id: &str, label: &str) -> Scores {
        let means = |traces: &[Vec<f32>]| traces.iter().map(|trace| mean(trace)).collect();
        Scores {
            id: id.to_owned(),
            label: label.to_owned(),
            what: "mean surprise, nats a call".to_owned(),
            normal: means(&self.normal),
            attacks: means(&self.attacks),
        }
    }

    /// How well the calls of the validation traces were foretold.
    #[must_use]
    pub fn foretold(&self, method: &str, accuracy: Option<f64>) -> NextCall {
        let calls = self.normal.iter().flatten();
        let count = calls.clone().count() as u64;
        let nats = calls.map(|&nats| f64::from(nats)).sum::<f64>() / count as f64;
        NextCall {
            method: method.to_owned(),
            calls: count,
            nats,
            accuracy,
        }
    }

    /// Both mixed, probability by probability; `weight` is the share of `self`.
    #[must_use]
    pub fn mix(&self, weight: f64, other: &Self) -> Self {
        let mix = |ours: &[Vec<f32>], theirs: &[Vec<f32>]| {
            let one = |(ours, theirs): (&Vec<f32>, &Vec<f32>)| {
                paired(ours, theirs)
                    .map(|(a, b)| mixed(weight, a, b) as f32)
                    .collect()
            };
            ours.iter().zip(theirs).map(one).collect()
        };
        Self {
            normal: mix(&self.normal, &other.normal),
            attacks: mix(&self.attacks, &other.attacks),
        }
    }
}

/// The mean surprise of a trace, summed in double precision; `None` when nothing was scored.
#[must_use]
pub fn mean(surprise: &[f32]) -> Option<f64> {
    let sum: f64 = surprise.iter().map(|&nats| f64::from(nats)).sum();
    (!surprise.is_empty()).then(|| sum / surprise.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_scores_its_mean_and_the_next_call_counts_every_call_alike() {
        let per_call = PerCall {
            normal: vec![vec![1.0, 2.0, 3.0], vec![], vec![10.0]],
            attacks: vec![vec![4.0, 5.0]],
        };
        let scores = per_call.scores("id", "label");
        assert_eq!(scores.normal, [Some(2.0), None, Some(10.0)]);
        assert_eq!(scores.attacks, [Some(4.5)]);
        let foretold = per_call.foretold("id", None);
        assert_eq!((foretold.calls, foretold.nats), (4, 4.0));
    }

    #[test]
    fn the_mixture_of_a_model_with_itself_is_the_model() {
        let per_call = PerCall {
            normal: vec![vec![1.0, 2.5]],
            attacks: vec![vec![0.25]],
        };
        let mixed = per_call.mix(0.3, &per_call);
        for (a, b) in mixed.normal[0].iter().zip(&per_call.normal[0]) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(mixed.attacks.len(), 1);
    }
}
