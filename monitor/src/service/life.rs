//! How far a service is known, and what is lacking until it is watched.
//!
//! Nothing here reads a clock: time comes in as seconds since 1970, and the time of learning as
//! what passed while calls of the service were seen.

mod evidence;

mod lacking;

mod state;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Settings;
pub use evidence::{Evidence, Validated};
pub use lacking::SUPPORTED_WITHIN;
pub use state::State;

/// How long a service is new, seconds, or [`NEW_CALLS`].
pub const NEW_S: u64 = 60;

/// After so many calls a service is not new any more.
pub const NEW_CALLS: u64 = 1000;

/// How long the alarms of a changed service are grouped with the change, seconds.
pub const GROUPED_S: u64 = 15 * 60;

/// After a validation that failed, how long the next one waits, as a share of the time learned.
const AGAIN_AFTER: f64 = 0.25;

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// Try what was learned on what was left out.
    Validate,
    /// Judge by the profile that was validated.
    Watch,
}

/// A service's life so far.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Life {
    state: State,
    /// Since when, seconds since 1970.
    since_s: u64,
    /// Learned, seconds of the time in which the monitor ran and the service made calls.
    learned_s: f64,
    /// The same since a call was last lost.
    whole_s: f64,
    lost: u64,
    /// What the last validation said.
    over_budget: Option<f64>,
    more_s: f64,
    /// Learned when it was made, seconds.
    validated_s: f64,
    /// Whether a person has approved it.
    approved: bool,
}

impl Life {
    /// Begins at this time, seconds since 1970.
    #[must_use]
    pub fn begin(now_s: u64) -> Self {
        Self {
            since_s: now_s,
            ..Self::default()
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Since when, seconds since 1970.
    #[must_use]
    pub const fn since_s(&self) -> u64 {
        self.since_s
    }

    /// How long was learned.
    #[must_use]
    pub fn learned(&self) -> Duration {
        Duration::try_from_secs_f64(self.learned_s).unwrap_or_default()
    }

    /// Whether its alarms stand for a change that was reported.
    #[must_use]
    pub fn is_grouped(&self, now_s: u64) -> bool {
        self.state == State::Changed && now_s.saturating_sub(self.since_s) < GROUPED_S
    }

    /// Lets `passed` of learning go by.
    pub fn learned_for(&mut self, passed: Duration, evidence: &Evidence) {
        if !self.state.learns() {
            return;
        }
        self.learned_s += passed.as_secs_f64();
        if evidence.lost > self.lost {
            self.whole_s = 0.0;
        } else {
            self.whole_s += passed.as_secs_f64();
        }
        self.lost = evidence.lost;
    }

    /// Goes on at `now_s`, and tells what is to be done.
    pub fn step(&mut self, now_s: u64, evidence: &Evidence, rules: &Settings) -> Option<Order> {
        match self.state {
            State::New => {
                let old = now_s.saturating_sub(self.since_s) >= NEW_S;
                if old || evidence.calls >= NEW_CALLS {
                    self.enter(State::Learning, now_s);
                }
                None
            }
            State::Learning | State::Unsettled => {
                let is_fit = self.lacks_data(evidence, rules).is_empty();
                let is_late = self.state == State::Learning && self.learned() >= rules.at_most;
                if self.may_validate() && (is_fit || is_late) {
                    self.enter_validating(now_s)
                } else {
                    None
                }
            }
            State::Changed => {
                let over =
                    now_s.saturating_sub(self.since_s) >= GROUPED_S.min(rules.at_least.as_secs());
                let whole = self.whole_s >= rules.at_least.as_secs_f64().min(GROUPED_S as f64);
                (over && whole && self.may_validate()).then(|| {
                    self.validated_s = self.learned_s;
                    Order::Validate
                })
            }
            State::Settled if self.approved || !rules.review => {
                self.enter(State::Watching, now_s);
                Some(Order::Watch)
            }
            State::Validating | State::Settled | State::Watching => None,
        }
    }

    /// A validation has ended at `now_s`.
    pub fn validated(
        &mut self,
        now_s: u64,
        found: Validated,
        evidence: &Evidence,
        rules: &Settings,
    ) -> Option<Order> {
        self.over_budget = Some(found.over_budget);
        self.more_s = found.more.as_secs_f64();
        if self.state == State::Changed {
            // It was watched before, by data that had sufficed.
            self.enter(State::Watching, now_s);
            return Some(Order::Watch);
        }
        if self.lacks(evidence, rules).is_empty() {
            if rules.review && !self.approved {
                self.enter(State::Settled, now_s);
                return None;
            }
            self.enter(State::Watching, now_s);
            return Some(Order::Watch);
        }
        if self.learned() >= rules.at_most {
            self.enter(State::Unsettled, now_s);
            return Some(Order::Watch);
        }
        self.enter(State::Learning, now_s);
        None
    }

    /// There is no validated profile, though there should be one.
    pub fn not_validated(&mut self, now_s: u64) {
        if matches!(self.state, State::Validating | State::Watching) {
            self.enter(State::Learning, now_s);
        }
    }

    /// The service is another release now. Whether that is to be told.
    pub fn changed(&mut self, now_s: u64) -> bool {
        let told = matches!(self.state, State::Watching | State::Unsettled);
        if told {
            *self = Self {
                state: State::Changed,
                since_s: now_s,
                approved: self.approved,
                ..Self::default()
            };
        }
        told
    }

    /// A person says that what was learned suffices. Whether there was something to approve.
    pub fn approve(&mut self) -> bool {
        let open = !matches!(self.state, State::Watching);
        self.approved = true;
        open
    }

    /// Begins to learn anew.
    pub fn relearn(&mut self, now_s: u64) {
        *self = Self {
            state: State::Learning,
            since_s: now_s,
            ..Self::default()
        };
    }

    /// Goes back to a profile that was judged by before.
    pub fn rolled_back(&mut self, now_s: u64) {
        self.enter(State::Watching, now_s);
    }

    /// The monitor was started again: what was going on is begun again.
    pub fn resume(&mut self) {
        if matches!(self.state, State::Validating | State::Settled) {
            self.state = State::Learning;
        }
        // The source counts its losses from 0.
        self.lost = 0;
        self.validated_s = 0.0;
    }

    fn may_validate(&self) -> bool {
        let pause = self.learned_s * AGAIN_AFTER / (1.0 + AGAIN_AFTER);
        self.validated_s == 0.0 || self.learned_s - self.validated_s >= pause
    }

    fn enter_validating(&mut self, now_s: u64) -> Option<Order> {
        self.validated_s = self.learned_s;
        if self.state == State::Learning {
            self.enter(State::Validating, now_s);
        }
        Some(Order::Validate)
    }

    fn enter(&mut self, state: State, now_s: u64) {
        self.state = state;
        self.since_s = now_s;
    }
}

#[cfg(test)]
mod tests;
