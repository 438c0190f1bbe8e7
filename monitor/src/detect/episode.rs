//! What a thread's scores and new things say about raising an alarm now.
//!
//! An alarm never blinds to what comes after it. While an episode goes on, whatever is new and
//! heavier than what was told asks again: something first seen that no alarm of the episode named,
//! or a score that is [`WORSE`] than the one told. What only a privileged process does, and what is
//! heavier than all that was told, asks at once; the rest waits for some calls, and for twice as
//! many the next time, since asking costs a whole flight's inference.

use crate::detect::threshold::{Limits, Scores};
use crate::detect::verdict::{Alarm, Pace};
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::firsts::Firsts;

/// How long the scores must stay low for an episode to end, calls.
pub const CALM_CALLS: u32 = 100;

/// By which factor a score must exceed what was told before. An assumption: a person would call it
/// worse.
pub const WORSE: f64 = 1.25;

/// New things that are remembered as told of one episode; of more the lightest is forgotten, and
/// told again if it stays new.
const MOST_TOLD: usize = 256;

/// Calls until what can wait is asked for: at first, and at most. What is new leaves the flight
/// after 512 calls.
const WAITS: std::ops::RangeInclusive<u32> = 32..=256;

/// How many calls a flight that did not agree is left alone for, at most.
const LONGEST_DOUBT: u32 = 512;

const PACES: [Pace; 4] = [Pace::Slow, Pace::Fast, Pace::Sequence, Pace::FirstSeen];

/// Where one thread stands with alarms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episode {
    state: State,
    /// Calls until what can wait is asked for, and how many the last wait was.
    wait: u32,
    waited: u32,
    /// Something came that is to be asked for when the wait is over.
    waiting: bool,
    /// How many new things the thread had when they were last looked at.
    looked_at: u64,
    told: Option<Box<Told>>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    /// Nothing is wrong.
    #[default]
    Quiet,
    /// The running score crossed and the flight's did not.
    Doubtful,
    /// An alarm was raised; the scores have been low for this many calls.
    Raised { calm: u32 },
}

/// What the alarms of one episode said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    firsts: Vec<FirstSeen>,
    scores: Vec<(Pace, f64)>,
}

impl Told {
    /// Whether an alarm of the episode named it.
    #[must_use]
    pub fn named(&self, what: &First) -> bool {
        self.firsts.iter().any(|first| first.what == *what)
    }

    /// Whether a score is markedly worse than the one told.
    #[must_use]
    pub fn is_worse(&self, pace: Pace, score: f64) -> bool {
        let told = self.scores.iter().find(|told| told.0 == pace);
        told.is_none_or(|&(_, told)| score > told * WORSE)
    }

    fn heaviest(&self) -> Option<&FirstSeen> {
        self.firsts.first()
    }

    fn note(&mut self, alarm: &Alarm) {
        for first in &alarm.first_seen {
            if !self.named(&first.what) {
                self.firsts.push(first.clone());
            }
        }
        self.firsts.sort_by(FirstSeen::heaviest_first);
        self.firsts.truncate(MOST_TOLD);
        for &(pace, score, _) in &alarm.reasons {
            match self.scores.iter_mut().find(|told| told.0 == pace) {
                Some(told) => told.1 = told.1.max(score),
                None => self.scores.push((pace, score)),
            }
        }
    }
}

impl Episode {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.state == State::Quiet
    }

    /// What was told, while an episode goes on.
    #[must_use]
    pub fn told(&self) -> Option<&Told> {
        match self.state {
            State::Raised { .. } => self.told.as_deref(),
            State::Quiet | State::Doubtful => None,
        }
    }

    /// Whether something that no alarm told still waits to be asked for.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting && matches!(self.state, State::Raised { .. })
    }

    /// Goes on by one call. True when the flight is to be asked whether an alarm is right. `alert`
    /// says that the service had an alarm a moment ago: then a privileged call that it never made
    /// is reason enough.
    pub fn step(
        &mut self,
        scores: &Scores,
        limits: &Limits,
        least: u64,
        firsts: &Firsts,
        alert: bool,
    ) -> bool {
        let news = self.looked_at != firsts.noted();
        self.looked_at = firsts.noted();
        match self.state {
            State::Quiet => {
                scores.crosses(limits, least) || (alert && news && has_privileged_news(firsts))
            }
            State::Doubtful => self.step_doubtful(scores, limits, least, (firsts, news), alert),
            State::Raised { calm } => self.step_raised(calm, scores, limits, (firsts, news)),
        }
    }

    fn step_doubtful(
        &mut self,
        scores: &Scores,
        limits: &Limits,
        least: u64,
        (firsts, news): (&Firsts, bool),
        alert: bool,
    ) -> bool {
        self.wait = self.wait.saturating_sub(1);
        let crosses = scores.crosses(limits, least);
        if news {
            // Doubt about an order of calls says nothing about a call that was never made.
            let latest = firsts.latest();
            let heavier = latest.is_some_and(|latest| {
                let mut others = firsts.events().iter();
                latest.is_privileged()
                    || others.all(|it| it.what == latest.what || latest.outweighs(it))
            });
            let crossed = scores.get(Pace::FirstSeen) > limits.first_seen;
            if heavier && (crossed || (alert && has_privileged_news(firsts))) {
                return true;
            }
        }
        if self.wait > 0 {
            return false;
        }
        if !crosses {
            self.state = State::Quiet;
        }
        crosses
    }

    fn step_raised(
        &mut self,
        calm: u32,
        scores: &Scores,
        limits: &Limits,
        (firsts, news): (&Firsts, bool),
    ) -> bool {
        self.wait = self.wait.saturating_sub(1);
        let told = self.told.get_or_insert_default();
        let mut urgent = false;
        if news {
            for first in firsts.events().iter().filter(|it| !told.named(&it.what)) {
                self.waiting = true;
                let heavier = |heaviest: &FirstSeen| first.outweighs(heaviest);
                urgent |= first.is_privileged() || told.heaviest().is_none_or(heavier);
            }
        }
        if !self.waiting {
            let worse = |pace: &Pace| {
                let score = scores.get(*pace);
                *pace != Pace::FirstSeen && score > limits.of(*pace) && told.is_worse(*pace, score)
            };
            self.waiting = PACES.iter().any(worse);
        }
        let calm = if scores.is_calm(limits) { calm + 1 } else { 0 };
        let ends = calm >= CALM_CALLS;
        if self.waiting && (urgent || ends || self.wait == 0) {
            return true;
        }
        if ends {
            // How far it has looked stays: what was told is no news.
            *self = Self {
                looked_at: self.looked_at,
                ..Self::default()
            };
        } else {
            self.state = State::Raised { calm };
        }
        false
    }

    /// The flight agreed: an alarm was raised.
    pub fn raise(&mut self, alarm: &Alarm) {
        self.told.get_or_insert_default().note(alarm);
        self.state = State::Raised { calm: 0 };
        self.rest();
    }

    /// The flight did not agree.
    pub fn doubt(&mut self) {
        match self.state {
            State::Raised { .. } => {
                self.state = State::Raised { calm: 0 };
                self.rest();
            }
            State::Doubtful => self.waited = (self.waited * 2).min(LONGEST_DOUBT),
            State::Quiet => {
                self.state = State::Doubtful;
                self.waited = *WAITS.start();
            }
        }
        self.wait = self.waited;
    }

    /// Nothing waits, and what can wait is asked for later the next time.
    fn rest(&mut self) {
        self.waiting = false;
        self.waited = (self.waited * 2).clamp(*WAITS.start(), *WAITS.end());
        self.wait = self.waited;
    }

    /// The thread's stream begins anew after a gap. A gap is no reason to raise the same alarm
    /// twice.
    pub fn restart(&mut self) {
        self.looked_at = 0;
        self.waiting = false;
        if self.state == State::Doubtful {
            *self = Self::default();
        }
    }
}

fn has_privileged_news(firsts: &Firsts) -> bool {
    firsts.events().iter().any(FirstSeen::is_privileged)
}

#[cfg(test)]
mod tests;
