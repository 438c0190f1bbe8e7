//! How calls on a thing went.

use crate::detail::Outcome;

/// How often calls on a thing went in which way. What nobody knows the outcome of is not in it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outcomes([u32; Outcome::ALL.len()]);

impl Outcomes {
    /// Every outcome that there was, with how often.
    pub fn all(self) -> impl Iterator<Item = (Outcome, u32)> {
        let counts = Outcome::ALL.into_iter().zip(self.0);
        counts.filter(|&(_, count)| count > 0)
    }

    /// Whether a call that goes this way is news: that it is let through or forbidden, where the
    /// service was known for another outcome. All other outcomes depend on the moment.
    #[must_use]
    pub fn is_news(&self, outcome: Outcome) -> bool {
        matches!(outcome, Outcome::Ok | Outcome::Denied)
            && self.count(outcome) == 0
            && *self != Self::default()
    }

    const fn count(&self, outcome: Outcome) -> u32 {
        self.0[outcome.tag() as usize - 1]
    }

    const fn count_mut(&mut self, outcome: Outcome) -> &mut u32 {
        &mut self.0[outcome.tag() as usize - 1]
    }

    pub(super) fn learn(&mut self, outcome: Outcome) {
        let count = self.count_mut(outcome);
        *count = count.saturating_add(1);
    }

    pub(super) fn unlearn(&mut self, outcome: Outcome) {
        let count = self.count_mut(outcome);
        *count = count.saturating_sub(1);
    }

    pub(super) fn join(&mut self, other: Self) {
        for (outcome, count) in other.all() {
            let mine = self.count_mut(outcome);
            *mine = mine.saturating_add(count);
        }
    }
}

impl FromIterator<(Outcome, u32)> for Outcomes {
    fn from_iter<T: IntoIterator<Item = (Outcome, u32)>>(pairs: T) -> Self {
        let mut outcomes = Self::default();
        for (outcome, count) in pairs {
            *outcomes.count_mut(outcome) = count;
        }
        outcomes
    }
}

#[cfg(test)]
mod tests {
    use super::Outcomes;
    use crate::detail::Outcome;

    #[test]
    fn what_is_let_through_or_forbidden_for_the_first_time_is_news() {
        let mut outcomes = Outcomes::default();
        assert!(!outcomes.is_news(Outcome::Ok), "nothing is known");
        outcomes.learn(Outcome::NotThere);
        assert!(outcomes.is_news(Outcome::Ok) && outcomes.is_news(Outcome::Denied));
        assert!(!outcomes.is_news(Outcome::WouldBlock) && !outcomes.is_news(Outcome::NotThere));
        outcomes.learn(Outcome::Ok);
        assert!(!outcomes.is_news(Outcome::Ok));
        assert_eq!(outcomes.all().collect::<Outcomes>(), outcomes);
        outcomes.unlearn(Outcome::Ok);
        assert!(outcomes.is_news(Outcome::Ok));
        outcomes.join([(Outcome::Ok, 2)].into_iter().collect());
        assert_eq!(outcomes.all().last(), Some((Outcome::NotThere, 1)));
        assert!(!outcomes.is_news(Outcome::Ok));
    }
}
