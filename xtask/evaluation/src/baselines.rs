//! What a model is compared with, fitted and measured in the same run.

use monitor::profile::ngram::{self, NgramError};

use super::parts::Parts;
use super::scores::Scores;
use crate::stide::Stide;
use trainer::vocabulary::SIZE;

/// The method of the n-gram model in `evaluation.json`.
pub const NGRAM: &str = "ngram";

/// Its name in text.
pub const NGRAM_LABEL: &str = "n-gram, order 6, Witten-Bell";

/// The longest n-grams: one call and the five before it.
const ORDER: usize = 6;

/// The monitor's n-gram model over ADFA-LD indices.
pub struct Ngram(ngram::Ngram);

impl Ngram {
    /// Learns traces, each from its start.
    ///
    /// # Errors
    ///
    /// A call outside of the vocabulary.
    pub fn fit<'a>(traces: impl Iterator<Item = &'a [u16]>) -> Result<Self, NgramError> {
        let mut model = ngram::Ngram::new(ORDER, SIZE as u32)?;
        for trace in traces {
            model.learn(trace.iter().map(|&call| u32::from(call)))?;
        }
        Ok(Self(model))
    }

    /// The surprise of every call of a trace, nats.
    ///
    /// # Errors
    ///
    /// A call outside of the vocabulary.
    pub fn surprise(&self, trace: &[u16]) -> Result<Vec<f32>, NgramError> {
        let surprises = self
            .0
            .surprises(trace.iter().map(|&call| u32::from(call)))?;
        Ok(surprises.into_iter().map(|nats| nats as f32).collect())
    }
}

/// STIDE over sequences of `n` calls.
#[must_use]
pub fn stide(n: u32, parts: &Parts) -> Scores {
    let training = parts.training.traces().iter().map(|trace| &trace.calls[..]);
    let stide = Stide::fit(n, training);
    Scores {
        id: format!("stide{n}"),
        label: format!("STIDE, n = {n}"),
        what: format!("share of sequences of {n} calls not seen in training"),
        normal: parts
            .validation
            .calls()
            .map(|calls| stide.score(calls))
            .collect(),
        attacks: parts
            .attacks
            .calls()
            .map(|calls| stide.score(calls))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    mod needs_adfa_ld {
        use super::super::*;
        use crate::measure::ranking;
        use crate::parts::views;
        use trainer::corpus::Corpus;

        fn parts() -> Parts {
            let corpus = Corpus::read(&support::place::adfa_ld()).expect("ADFA-LD can be read");
            Parts::new(corpus).expect("every attack lies in a folder")
        }

        #[test]
        #[ignore = "needs ADFA-LD"]
        fn stide_gives_the_areas_that_are_known_for_this_data() {
            // Computed by others, apart from this code, for the development half of ADFA-LD (2,186
            // validation and 373 attack traces) and for the full set (4,372 and 746).
            let parts = parts();
            let known = match (parts.validation.0.len(), parts.attacks.0.len()) {
                (2186, 373) => [(6, 0.8112), (3, 0.6700)],
                (4372, 746) => [(6, 0.8273), (3, 0.6951)],
                sizes => panic!("no known areas for {sizes:?} traces"),
            };
            let views = views(&parts);
            for (n, area) in known {
                let auc = ranking(&stide(n, &parts), &views[0]).curve().auc;
                assert!((auc - area).abs() < 0.00005, "n = {n}: {auc}");
            }
        }
    }
}
