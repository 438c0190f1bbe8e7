//! Which calls the LSTM sees when it may not see all that ask for it.
//!
//! With a profile a call asks where the n-gram finds it unlikely; the most surprising ones are
//! granted. A thread gains the longer it went without, counted in the asking calls of all threads,
//! and one that begins has as much as there is to gain: who asks all the time takes nothing from
//! those that ask seldom.
//!
//! Without a profile every call asks, and runs of calls are granted. Half of the share is for the
//! first runs of threads that begin. The rest goes to the threads that went without longest,
//! counted in the calls of all threads: a thread that makes more calls than others gets no more
//! runs. It comes sooner where a thread makes calls that it had not made, and at a price that rises
//! when more than the share was granted. A thread that is picked up again is warmed up from its
//! last calls.
//!
//! Nothing here looks at a clock or at chance: the same calls and the same shares give the same
//! choice.

use crate::profile::mixture::WARM_CALLS;

/// Classes of asking calls, by how many nats they have, and the width of one.
const CLASSES: usize = 64;
const WIDTH: f64 = 0.5;

/// After how many calls that asked the classes are divided anew: of a run that begins, then twice
/// as many each time up to the most. The first of them are thinned out whatever they are, as
/// nothing is known of what else will ask.
const REVIEWED: std::ops::RangeInclusive<u32> = 64..=4096;

/// Calls of one run without a profile: long against the warm-up that it costs.
const RUN: u64 = 128;

/// How much sooner a thread is picked up whose stretch has a call that it had not made.
const NOVEL: f64 = 8.0;

/// Calls granted beyond the share by which the price of a run grows e-fold, without a profile: as
/// novelty makes a thread at most [`NOVEL`] times as worthy, about twice as many are ever granted
/// too much.
const SLACK: f64 = 256.0;

/// Asking calls after which a thread that was not granted one gains no more, with a profile.
const LONGEST_WAIT: u64 = 1 << 20;

/// The part of the share that is for the first runs of threads.
const FIRST_RUNS: f64 = 0.5;

/// The part of all calls that is for first runs however small the share is, as long as there is
/// one: it costs a few hundredths of a core at a million calls a second.
const LEAST_FIRST_RUNS: f64 = 1.0 / 512.0;

/// Calls of first runs that may be granted at once: twenty-four threads that begin together.
const FIRST_BURST: f64 = 24.0 * RUN as f64;

/// How far more may be granted than the share, before the rest of it is given up.
const MOST_OVERDRAWN: f64 = -4096.0;

/// The share of asking calls that are granted.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    share: f64,
    counts: [f64; CLASSES],
    /// Classes above it are granted, those below refused.
    cut: usize,
    /// The part of the class `cut` that is granted.
    part: f64,
    credit: f64,
    /// Calls that asked since the classes were divided.
    since: u32,
    /// After how many they are divided anew.
    review: u32,
    /// Calls of all threads that asked so far, with a profile.
    asked: u64,
    /// Calls that are left for first runs, without a profile.
    first_runs: f64,
    /// Calls of all threads so far, without a profile.
    passed: u64,
    /// Calls that the share allows and that were not granted yet, without a profile; below 0 where
    /// more were granted.
    owed: f64,
}

impl Selection {
    /// All are granted.
    pub(super) fn all() -> Self {
        Self {
            share: 1.0,
            counts: [0.0; CLASSES],
            cut: 0,
            part: 1.0,
            credit: 0.0,
            since: 0,
            review: *REVIEWED.start(),
            asked: 0,
            first_runs: FIRST_BURST,
            passed: 0,
            owed: 0.0,
        }
    }

    /// Grants that share from now on, between 0 and 1.
    pub(super) fn set(&mut self, share: f64) {
        self.share = if share.is_nan() {
            1.0
        } else {
            share.clamp(0.0, 1.0)
        };
        self.divide();
    }

    /// Finds the class at which the share of what asked lately is divided.
    fn divide(&mut self) {
        let all: f64 = self.counts.iter().sum();
        let mut wanted = self.share * all;
        // Before anything asked, all classes are thinned out alike.
        (self.cut, self.part) = (CLASSES, self.share);
        for class in (0..CLASSES).rev() {
            let count = self.counts[class];
            if count > 0.0 && count >= wanted {
                (self.cut, self.part) = (class, wanted / count);
                break;
            }
            wanted -= count;
        }
        // What asked long ago counts less and less.
        self.counts.iter_mut().for_each(|count| *count /= 2.0);
        self.since = 0;
    }

    /// Whether a call of so many nats is granted to a thread that was granted another last as
    /// `asker` says.
    pub(super) fn grants(&mut self, nats: f64, asker: &mut Asker) -> bool {
        self.asked += 1;
        let waited = asker
            .picked
            .map_or(LONGEST_WAIT, |picked| self.asked - picked - 1);
        #[expect(clippy::cast_precision_loss, reason = "cut off far below 2^53")]
        let merit = (waited.min(LONGEST_WAIT) as f64).ln_1p();
        let granted = self.grants_worth(nats + merit);
        if granted {
            asker.picked = Some(self.asked);
        }
        granted
    }

    fn grants_worth(&mut self, worth: f64) -> bool {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "cut off at the last class"
        )]
        let class = ((worth / WIDTH).max(0.0) as usize).min(CLASSES - 1);
        self.counts[class] += 1.0;
        self.since += 1;
        if self.since >= self.review {
            self.review = (self.review * 2).min(*REVIEWED.end());
            self.divide();
        }
        if self.share >= 1.0 || self.share <= 0.0 {
            return self.share >= 1.0;
        }
        if self.cut < CLASSES && class != self.cut {
            return class > self.cut;
        }
        self.credit += self.part;
        let granted = self.credit >= 1.0;
        self.credit -= f64::from(u8::from(granted));
        granted
    }

    /// Whether a thread has a run after so many calls of all threads without one, without a
    /// profile. Where nothing is owed, the price is what leaves the share when there is one thread,
    /// which pays it for each of its runs; others raise it.
    fn affords(&self, skipped: u64, novel: bool) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 calls")]
        let (run, skipped) = (RUN as f64, skipped as f64);
        let worth = if novel { skipped * NOVEL } else { skipped };
        let price = run * (1.0 - self.share) / self.share * (-self.owed / SLACK).exp();
        self.share > 0.0 && worth >= price
    }

    /// Whether a stretch of so many calls is granted to a thread, without a profile.
    pub(super) fn takes(&mut self, ration: &mut Ration, calls: usize, novel: bool) -> bool {
        if self.share >= 1.0 {
            ration.skipped = 0;
            return true;
        }
        let calls = calls as u64;
        #[expect(clippy::cast_precision_loss, reason = "a stretch has few calls")]
        let weight = calls as f64;
        self.owed += self.share * weight;
        self.passed += calls;
        if self.share > 0.0 {
            let part = (self.share * FIRST_RUNS).max(LEAST_FIRST_RUNS);
            self.first_runs = (self.first_runs + part * weight).min(FIRST_BURST);
        }
        if ration.left > 0 {
            ration.left = ration.left.saturating_sub(calls);
        } else {
            let begins = !std::mem::replace(&mut ration.begun, true);
            if begins {
                // As if it had just had a run: what it waits for counts from here.
                ration.picked = self.passed - calls;
            }
            ration.is_first = begins && self.share > 0.0 && self.first_runs >= weight;
            let waited = self.passed - ration.picked;
            if !ration.is_first && !self.affords(waited, novel) {
                ration.skipped += calls;
                return false;
            }
            ration.left = RUN.saturating_sub(calls);
        }
        if ration.is_first {
            self.first_runs -= weight;
        }
        self.owed = (self.owed - weight).max(MOST_OVERDRAWN);
        ration.picked = self.passed;
        ration.skipped = 0;
        true
    }
}

/// How many calls of all threads had asked when one of this thread was granted last, with a
/// profile; a thread of which none was has waited longest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asker {
    picked: Option<u64>,
}

/// Where a thread stands without a profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ration {
    begun: bool,
    /// Whether its run is its first.
    is_first: bool,
    /// Calls of all threads when it had a run last.
    picked: u64,
    /// Calls that are still granted.
    left: u64,
    /// Calls since the last that was.
    skipped: u64,
    /// A bit for each index that the thread made.
    made: [u64; 6],
    recent: [u16; WARM_CALLS],
    count: usize,
    whole: bool,
}

impl Ration {
    /// A thread without calls.
    pub(super) const fn new() -> Self {
        Self {
            begun: false,
            is_first: false,
            picked: 0,
            left: 0,
            skipped: 0,
            made: [0; 6],
            recent: [0; WARM_CALLS],
            count: 0,
            whole: false,
        }
    }

    /// Whether the calls before the next were not granted.
    pub(super) const fn was_skipped(&self) -> bool {
        self.skipped > 0
    }

    /// A stream begins: with its thread's first call, or after a gap.
    pub(super) fn restart(&mut self, whole: bool) {
        self.count = 0;
        self.skipped = 0;
        self.whole = whole;
    }

    /// Notes a call; true when the thread had not made one of its index.
    pub(super) fn note(&mut self, index: u16) -> bool {
        self.recent[self.count % WARM_CALLS] = index;
        self.count += 1;
        let word = &mut self.made[usize::from(index) / 64 % 6];
        let bit = 1 << (index % 64);
        let novel = *word & bit == 0;
        *word |= bit;
        novel
    }

    /// The last calls, oldest first, and whether they reach back to where the stream began.
    pub(super) fn recent(&self) -> (Vec<u16>, bool) {
        let kept = self.count.min(WARM_CALLS);
        let at = |place: usize| self.recent[place % WARM_CALLS];
        let calls = (self.count - kept..self.count).map(at).collect();
        (calls, self.count <= WARM_CALLS)
    }

    /// Whether the stream began with its thread's first call.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }
}

#[cfg(test)]
mod tests;
