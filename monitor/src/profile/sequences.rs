//! The sequences that a profile counted, to be looked at.

use crate::profile::{ORDER, Profile};
use crate::syscall::event::Call;

/// A sequence of [`ORDER`] calls and how often the service made it; `None` stands for a call of no
/// token.
pub type Counted = (Vec<Option<Call>>, u64);

impl Profile {
    /// Every sequence of full length, commonest first.
    #[must_use]
    pub fn sequences(&self) -> Vec<Counted> {
        let mut path = Vec::new();
        let mut sequences = Vec::new();
        for node in self.ngram.nodes() {
            let length = usize::from(node.length);
            path.truncate(length - 1);
            path.push(self.vocabulary.call(node.token));
            if length == ORDER {
                sequences.push((path.clone(), u64::from(node.count)));
            }
        }
        sequences.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        sequences
    }

    /// Every call and how often the service made it, commonest first.
    #[must_use]
    pub fn calls(&self) -> Vec<(Call, u64)> {
        let count = |token| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of at most 2^32"
            )]
            let count = self.ngram.count(&[token]) as u64;
            count
        };
        let calls = (0..).zip(self.vocabulary.calls());
        let mut calls: Vec<_> = calls.map(|(token, &call)| (call, count(token))).collect();
        calls.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        calls
    }
}
