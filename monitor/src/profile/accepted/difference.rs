//! What one state of a profile takes as normal and another does not.

use std::collections::BTreeMap;

use crate::detail::{Detail, Outcome};
use crate::profile::Profile;
use crate::profile::touched::News;
use crate::profile::vocabulary::Vocabulary;
use crate::syscall::event::{Call, Comm};

/// What became normal from one state of a profile to a later one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Difference {
    /// Calls that the service was not known to make.
    pub calls: Vec<Call>,
    /// Names that its processes were not known to have, as
    /// [`family`](crate::profile::known::family) makes them.
    pub names: Vec<Comm>,
    /// Calls of names that were known, which others made.
    pub calls_of_names: BTreeMap<Comm, Vec<Call>>,
    /// What it was not known to touch.
    pub touched: Vec<Detail>,
    /// What it touched, and never that way.
    pub outcomes: Vec<(Detail, Outcome)>,
    /// How many sequences were not accepted.
    pub sequences: usize,
}

impl Difference {
    /// What `after` takes as normal and `before` does not.
    #[must_use]
    pub fn between(before: &Profile, after: &Profile) -> Self {
        let is_known = |call: Call| before.vocabulary.token(call) != Vocabulary::UNSEEN;
        let calls = after.vocabulary.calls().iter().copied();
        let calls: Vec<Call> = calls.filter(|&call| !is_known(call)).collect();
        let mut difference = Self {
            sequences: after
                .accepted
                .sequences
                .len()
                .saturating_sub(before.accepted.sequences.len()),
            ..Self::default()
        };
        for (name, tokens) in after.known.names() {
            let Some(theirs) = before.known.name(name) else {
                difference.names.push(name);
                continue;
            };
            let made = tokens
                .into_iter()
                .filter_map(|it| after.vocabulary.call(it));
            let new = made.filter(|&call| {
                let token = before.vocabulary.token(call);
                is_known(call) && !before.known.made(theirs, token)
            });
            let new: Vec<Call> = new.collect();
            if !new.is_empty() {
                difference.calls_of_names.insert(name, new);
            }
        }
        for (detail, outcome) in after.touched.touches() {
            match before.touched.news(detail, outcome) {
                Some(News::Thing) if difference.touched.last() == Some(detail) => {}
                Some(News::Thing) => difference.touched.push(detail.clone()),
                Some(News::Outcome(it)) => difference.outcomes.push((detail.clone(), it)),
                None => {}
            }
        }
        difference.calls = calls;
        difference
    }

    /// Whether nothing became normal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::Difference;
    use crate::profile::Profile;
    use crate::syscall::event::{Abi, Call, Comm};
    use crate::syscall::flight::Flight;

    #[test]
    fn calls_names_and_calls_of_names_are_told_apart() {
        let call = |number| Call {
            abi: Abi::X86_64,
            number,
        };
        let flight = |calls: &[u32], name: &[u8]| Flight {
            first_seq: 0,
            calls: calls.iter().copied().map(call).collect(),
            names: vec![(0, Comm::new(name))],
            touches: Vec::new(),
        };
        let mut before = Profile::default();
        before.accept("a", &flight(&[0, 1], b"web"), 1);
        before.accept("b", &flight(&[0, 2], b"log"), 1);
        let mut after = before.clone();
        let flights = [flight(&[2, 101], b"web"), flight(&[0], b"sh")];
        after.accept_all("c", &flights, 2, Some("planned"));
        let difference = Difference::between(&before, &after);
        assert_eq!(difference.calls, [call(101)]);
        assert_eq!(difference.names, [Comm::new(b"sh")]);
        assert_eq!(
            difference.calls_of_names.into_iter().collect::<Vec<_>>(),
            [(Comm::new(b"web"), vec![call(2)])]
        );
        assert_eq!(difference.sequences, 2, "the beginning of a read is known");
        let last = after.accepted.acceptances.last().expect("three");
        assert_eq!(last.reason.as_deref(), Some("planned"));
        assert_eq!(last.sequences, 2);
        assert!(Difference::between(&after, &after).is_empty());
    }
}
