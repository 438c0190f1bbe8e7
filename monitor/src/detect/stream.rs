//! One thread's calls as the model sees them: scores, episode and flight recorder.

use std::collections::VecDeque;

use crate::detail::Touch;
use crate::detect::aftermath::Following;
use crate::detect::cusum::Transition;
use crate::detect::episode::Episode;
use crate::detect::recorder::Recorder;
use crate::detect::threshold::{LEAST_CALLS, LEAST_CALLS_AFTER_GAP, Limits, Scores};
use crate::detect::verdict::{Evidence, Pace};
use crate::profile::Profile;
use crate::profile::firsts::Firsts;
use crate::syscall::event::{Call, Comm};
use crate::syscall::flight::Flight;

/// The judged side of one thread.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The thread's name at the calls judged last.
    pub comm: Comm,
    /// Its running scores since the stream began (at the thread's beginning or after a gap).
    pub scores: Scores,
    /// Where it stands with alarms.
    pub episode: Episode,
    /// Its last calls.
    pub recorder: Recorder,
    /// What it did that its service never did before.
    pub firsts: Firsts,
    /// What calls touched that are still to be judged.
    pub touches: VecDeque<Touch>,
    /// Calls in a row that gave no cause for doubt, for a detector that learns on.
    pub calm: u32,
    /// The alarm after which it is followed a little further.
    pub(crate) following: Option<Following>,
    /// Alarms raised for it.
    pub alarms: u32,
    /// Alarms made for it, the suppressed ones included.
    pub made: u32,
    /// When its last judged call was made.
    pub last_ns: u64,
    /// Calls scored in all, across gaps.
    pub scored: u64,
    sum: f64,
    highest: Option<f64>,
    gap: Option<u64>,
}

impl Stream {
    /// A stream without calls; `limits` gives the time constants.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            comm: Comm::default(),
            scores: Scores::new(limits),
            episode: Episode::default(),
            recorder: Recorder::default(),
            firsts: Firsts::default(),
            touches: VecDeque::new(),
            calm: 0,
            following: None,
            alarms: 0,
            made: 0,
            last_ns: 0,
            scored: 0,
            sum: 0.0,
            highest: None,
            gap: None,
        }
    }

    /// Begins anew at the `seq`th call of the thread, after a gap if calls before it are missing. A
    /// thread that was seen elsewhere, or that was forgotten meanwhile, lacks none. An episode goes
    /// on: a gap is no reason to raise the same alarm twice.
    pub fn restart(&mut self, seq: u64, is_gap: bool, limits: &Limits) {
        self.scores = Scores::new(limits);
        self.episode.restart();
        self.recorder.restart(seq);
        self.firsts = Firsts::default();
        self.calm = 0;
        self.gap = is_gap.then_some(seq);
    }

    /// Keeps a touch until its call is judged: of as many as a flight holds, the latest.
    pub fn touch_later(&mut self, touch: Touch) {
        if self.touches.len() >= Flight::TOUCHES {
            self.touches.pop_front();
        }
        // They come nearly in order: one whose call took long stands behind those that it overtook.
        let place = self.touches.partition_point(|it| it.seq <= touch.seq);
        self.touches.insert(place, touch);
    }

    /// Takes in what calls before the `end`th of the thread touched.
    pub fn touch_until(&mut self, end: u64, profile: &Profile) {
        while let Some(mut touch) = self.touches.pop_front_if(|touch| touch.seq < end) {
            // Of a call that is no longer recorded: known late, and told all the same.
            touch.seq = touch.seq.max(self.recorder.first_seq());
            let done = (&touch.detail, touch.outcome);
            if self.firsts.touched(profile, done, touch.seq) {
                self.recorder.touch(touch);
            }
        }
    }

    /// Looks at new things that came without a call: true when the flight is to be asked whether an
    /// alarm is right.
    pub fn reconsider(&mut self, limits: &Limits, alert: bool) -> bool {
        self.scores.set_first_seen(self.firsts.evidence());
        let least = self.least();
        let episode = &mut self.episode;
        episode.step(&self.scores, limits, least, &self.firsts, alert)
    }

    const fn least(&self) -> u64 {
        match self.gap {
            Some(_) => LEAST_CALLS_AFTER_GAP,
            None => LEAST_CALLS,
        }
    }

    /// Records a call that is not scored.
    pub fn record(&mut self, call: Call) {
        self.recorder.push(call);
    }

    /// Notes the name under which the next call is made.
    pub fn named(&mut self, comm: Comm) {
        self.comm = comm;
        self.recorder.name(comm);
    }

    /// Takes in a call, its surprise (nats; `None` where the model has too little before it) and by
    /// which transition it breaks what was learned. True when the flight is to be asked whether an
    /// alarm is right; `alert` says that the service had an alarm a moment ago.
    pub fn step(
        &mut self,
        call: Call,
        (surprise, broken): (Option<f32>, Option<(Transition, f32)>),
        limits: &Limits,
        alert: bool,
    ) -> bool {
        self.recorder.push(call);
        if !self.firsts.events().is_empty() || self.scores.get(Pace::FirstSeen) > 0.0 {
            self.firsts.forget(self.recorder.first_seq());
            self.scores.set_first_seen(self.firsts.evidence());
        }
        let Some(nats) = surprise else {
            return false;
        };
        self.scores.push(nats);
        self.scores.push_break(broken, limits);
        self.scored += 1;
        self.sum += f64::from(nats);
        if self.scores.scored() >= LEAST_CALLS {
            let slow = self.scores.get(Pace::Slow);
            self.highest = Some(self.highest.map_or(slow, |highest| highest.max(slow)));
        }
        let least = self.least();
        let episode = &mut self.episode;
        episode.step(&self.scores, limits, least, &self.firsts, alert)
    }

    /// The slow score now, nats a call, once it counts.
    #[must_use]
    pub fn current(&self) -> Option<f64> {
        (self.scores.scored() >= LEAST_CALLS).then(|| self.scores.get(Pace::Slow))
    }

    /// The highest slow score, see [`ThreadEnd`](crate::detect::verdict::ThreadEnd).
    #[must_use]
    pub fn highest(&self) -> Option<f64> {
        let last = || (self.scores.scored() > 0).then(|| self.scores.get(Pace::Slow));
        self.highest.or_else(last)
    }

    /// The highest slow score that counted so far.
    #[must_use]
    pub const fn current_highest(&self) -> Option<f64> {
        self.highest
    }

    /// Mean surprise of all scored calls, nats; `None` when there are none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 calls")]
        let count = self.scored as f64;
        (self.scored > 0).then(|| self.sum / count)
    }

    /// Gapped as long as the flight recorder would reach back into the last gap.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        match self.gap {
            Some(seq) if self.recorder.first_seq() == seq => Evidence::Gapped,
            _ => Evidence::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;
    use crate::detect::threshold::Limits;
    use crate::detect::verdict::Evidence;

    #[test]
    fn only_what_is_missing_makes_a_gap() {
        let limits = Limits {
            slow: 1.0,
            fast: 1.0,
            sequence: 12.0,
            first_seen: 3.0,
            drift: 0.0,
            slow_calls: 64,
            fast_calls: 16,
        };
        for (seq, is_gap, evidence) in [
            (0, false, Evidence::Complete),
            // It began in another service, and executed a program there.
            (7, false, Evidence::Complete),
            (7, true, Evidence::Gapped),
        ] {
            let mut stream = Stream::new(&limits);
            stream.restart(seq, is_gap, &limits);
            assert_eq!(stream.evidence(), evidence, "at {seq}");
        }
    }
}
