//! What holds for one service.

use std::time::Duration;

use wildmatch::WildMatch;

use super::{Config, Service};
use crate::profile::budget::Budget;
use crate::service::key::Key;

/// The values that hold for one service, its own ones over the common ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// False alarms that are acceptable.
    pub budget: Budget,
    /// Whether it is learned on while it is watched.
    pub adapt: bool,
    /// Threads that are followed at once.
    pub threads: usize,
    /// The least time to learn.
    pub at_least: Duration,
    /// The longest time to learn.
    pub at_most: Duration,
    /// Calls that must have been learned.
    pub least_calls: u64,
    /// Whether a person approves it before it is watched.
    pub review: bool,
}

impl Default for Settings {
    /// Those of a service that no configuration names.
    fn default() -> Self {
        Config::default().settings(&[])
    }
}

/// Whether a glob fits a service: the whole key where the glob has a kind in front, else its name.
#[must_use]
pub fn fits(glob: &str, key: &Key) -> bool {
    let kinds = ["unit:", "user-unit:", "container:", "pod:", "exe:"];
    let whole = kinds.iter().any(|kind| glob.starts_with(kind));
    let text = if whole { key.as_str() } else { key.name() };
    WildMatch::new(glob).matches(text)
}

impl Config {
    /// Whether a service is watched at all.
    #[must_use]
    pub fn watches(&self, key: &Key) -> bool {
        let any = |globs: &[String]| globs.iter().any(|glob| fits(glob, key));
        any(&self.discovery.include) && !any(&self.discovery.exclude)
    }

    /// What holds for a service. Of several globs that fit the one with the fewest wildcards
    /// counts, then the longest.
    #[must_use]
    pub fn of_service(&self, key: &Key) -> Settings {
        let wildcards = |glob: &str| glob.matches(['*', '?']).count();
        let mut fitting: Vec<_> = self
            .service
            .iter()
            .filter(|(it, _)| fits(it, key))
            .collect();
        fitting.sort_by_key(|(glob, _)| (wildcards(glob), usize::MAX - glob.len()));
        self.settings(&fitting)
    }

    /// The common values, and those of the first entry that has one.
    fn settings(&self, fitting: &[(&String, &Service)]) -> Settings {
        fn first<T>(
            fitting: &[(&String, &Service)],
            common: T,
            of: impl Fn(&Service) -> Option<T>,
        ) -> T {
            fitting.iter().find_map(|(_, it)| of(it)).unwrap_or(common)
        }
        let (learning, judging) = (&self.learning, &self.judging);
        Settings {
            budget: first(fitting, judging.budget, |it| it.budget).0,
            adapt: first(fitting, judging.adapt, |it| it.adapt),
            threads: first(fitting, judging.threads, |it| it.threads).max(1),
            at_least: first(fitting, learning.at_least, |it| it.at_least).0,
            at_most: first(fitting, learning.at_most, |it| it.at_most).0,
            least_calls: first(fitting, learning.least_calls, |it| it.least_calls),
            review: first(fitting, learning.review, |it| it.review),
        }
    }
}
