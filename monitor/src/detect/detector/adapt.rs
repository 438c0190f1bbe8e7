//! Learning on while watching, from what is confidently normal, and slowly.
//!
//! A thread's calls are learned only when [`CALM_CALLS`] of them in a row, and the [`HALF`] after
//! them, gave no cause for doubt: both running means below [`CALM_SHARE`] of their limits, nothing
//! that the service never did before among the last calls, no call lost, no alarm going on. How
//! much is learned is bounded by a share of what the profile rests on for each hour, so that an
//! attacker who stays below the limits needs days to shift it noticeably.

use crate::detect::stream::Stream;
use crate::detect::threshold::Limits;
use crate::detect::verdict::{Evidence, Pace};
use crate::profile::Profile;
use crate::syscall::flight::Flight;
use crate::syscall::table;

/// Calls in a row that must be calm, as many as a flight holds.
const CALM_CALLS: u32 = Flight::CALLS as u32;

/// Calls that are learned at a time, the older half of a calm flight.
const HALF: usize = Flight::CALLS / 2;

/// A running mean is calm below this share of its limit.
const CALM_SHARE: f64 = 0.5;

const HOUR_NS: f64 = 3.6e12;

/// Whether and how fast a detector learns on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adapting {
    /// How much may be learned within an hour of event time, as a share of the calls that the
    /// profile was learned from.
    pub share_per_hour: f64,
    /// When the allowance was last filled up.
    filled_ns: Option<u64>,
    /// Calls that may be learned now: what came in within the last hour, at most, and was not used.
    allowance: f64,
}

impl Default for Adapting {
    /// A hundredth an hour: to make up half of a profile takes four days.
    fn default() -> Self {
        Self {
            share_per_hour: 0.01,
            filled_ns: None,
            allowance: 0.0,
        }
    }
}

impl Adapting {
    /// Takes note of a call of a stream, made at `time_ns`, and learns the older half of its flight
    /// when that is due. How many calls that were. Sources without time teach nothing.
    pub(super) fn step(
        &mut self,
        profile: &mut Profile,
        stream: &mut Stream,
        limits: &Limits,
        time_ns: u64,
    ) -> u64 {
        if !is_calm(stream, limits) {
            stream.calm = 0;
            return 0;
        }
        stream.calm += 1;
        if stream.calm < CALM_CALLS {
            return 0;
        }
        // The newer half stays to be the older one.
        stream.calm -= HALF as u32;
        if !self.may_learn(profile, time_ns) {
            return 0;
        }
        let mut cursor = profile.ngram.middle();
        let calls = stream.recorder.flight().calls;
        for &call in calls
            .iter()
            .take(HALF)
            .filter(|&&call| !table::is_restart(call))
        {
            let token = profile.vocabulary.token(call);
            let learned = profile.ngram.learn_next(&mut cursor, token);
            learned.expect("every token is of the vocabulary");
        }
        self.allowance -= HALF as f64;
        HALF as u64
    }

    fn may_learn(&mut self, profile: &Profile, time_ns: u64) -> bool {
        if time_ns == 0 {
            return false;
        }
        let filled = *self.filled_ns.get_or_insert(time_ns);
        self.filled_ns = Some(filled.max(time_ns));
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let (hours, calls) = (
            time_ns.saturating_sub(filled) as f64 / HOUR_NS,
            profile.known.learned().calls as f64,
        );
        let hourly = self.share_per_hour * calls;
        // A quiet day saves nothing up for a bad minute.
        self.allowance = (self.allowance + hours * hourly).min(hourly);
        self.allowance > 0.0
    }
}

fn is_calm(stream: &Stream, limits: &Limits) -> bool {
    let scores = &stream.scores;
    [Pace::Slow, Pace::Fast, Pace::Sequence]
        .into_iter()
        .all(|pace| scores.get(pace) < CALM_SHARE * limits.of(pace))
        && stream.firsts.events().is_empty()
        && stream.episode.is_quiet()
        && stream.evidence() == Evidence::Complete
}
