//! Judging what was scored, call by call, in the order in which the events came.

use super::alarm::{self, Cause};
use super::{Detector, Scored};
use crate::detect::scorer::ScoreError;
use crate::detect::stream::Stream;
use crate::detect::threads::Entry;
use crate::detect::verdict::{ThreadEnd, Verdict};
use crate::syscall::event::{Comm, ThreadKey};
use crate::syscall::{adfa, table};

/// What is to be judged, in order; the calls themselves stand in [`Detector::calls`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A stream begins at this call of its thread.
    Restart { slot: u32, seq: u64 },
    /// Calls that follow.
    Calls {
        slot: u32,
        seq: u64,
        calls: usize,
        /// Calls of the same stretch before these.
        before: usize,
        comm: Comm,
        /// When the first and the last call of the whole stretch were made.
        time_ns: (u64, u64),
    },
    /// A thread ended or was evicted.
    End { slot: u32, entry: Entry },
}

impl Detector {
    pub(super) fn judge(
        &mut self,
        verdicts: &mut Vec<Verdict>,
        observer: &mut dyn FnMut(&Scored),
    ) -> Result<(), ScoreError> {
        let steps = std::mem::take(&mut self.steps);
        let mut from = 0;
        for step in &steps {
            match *step {
                Step::Restart { slot, seq } => {
                    self.streams[slot as usize].restart(seq, &self.limits);
                }
                Step::Calls { slot, calls, .. } => {
                    self.judge_calls(step, slot, from..from + calls, verdicts, observer)?;
                    from += calls;
                }
                Step::End { slot, entry } => {
                    let end = thread_end(&self.streams[slot as usize], &entry);
                    self.note_highest(end.highest_score);
                    verdicts.push(Verdict::ThreadEnd(end));
                    self.threads.release(slot);
                }
            }
        }
        self.calls.clear();
        self.calls.shrink_to(1 << 16);
        self.steps = steps;
        self.steps.clear();
        self.steps.shrink_to(1 << 14);
        Ok(())
    }

    fn judge_calls(
        &mut self,
        step: &Step,
        slot: u32,
        range: std::ops::Range<usize>,
        verdicts: &mut Vec<Verdict>,
        observer: &mut dyn FnMut(&Scored),
    ) -> Result<(), ScoreError> {
        let &Step::Calls {
            seq,
            calls,
            before,
            comm,
            time_ns,
            ..
        } = step
        else {
            return Ok(());
        };
        let thread = self.threads.entry(slot).key;
        self.streams[slot as usize].comm = comm;
        for (place, at) in range.enumerate() {
            let call = self.calls[at];
            let stream = &mut self.streams[slot as usize];
            if table::is_restart(call) {
                stream.record(call);
                continue;
            }
            let surprise = self.lanes[slot as usize].take();
            let seq = seq.saturating_add(place as u64);
            observer(&Scored {
                thread,
                seq,
                call,
                index: adfa::map(call).index,
                surprise,
            });
            self.counters.scored += u64::from(surprise.is_some());
            if stream.step(call, surprise, &self.limits) {
                let time_ns = made_at(time_ns, before + place, before + calls);
                self.ask(slot, thread, (seq, time_ns), verdicts)?;
            }
        }
        let highest = self.streams[slot as usize].current_highest();
        self.note_highest(highest);
        Ok(())
    }

    /// The running score crossed: does the flight by itself cross too?
    fn ask(
        &mut self,
        slot: u32,
        thread: ThreadKey,
        (seq, time_ns): (u64, u64),
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let stream = &mut self.streams[slot as usize];
        let flight = stream.recorder.flight();
        let cause = Cause {
            thread,
            seq,
            time_ns,
        };
        let raised = alarm::raise(&mut self.model, &self.limits, cause, stream, flight)?;
        match raised {
            None => stream.episode.doubt(),
            Some(alarm) => {
                stream.episode.raise();
                if self.limit.allows(time_ns) {
                    stream.alarms += 1;
                    self.counters.alarms += 1;
                    verdicts.push(Verdict::Alarm(Box::new(alarm)));
                } else {
                    self.counters.suppressed += 1;
                }
            }
        }
        Ok(())
    }

    fn note_highest(&mut self, score: Option<f64>) {
        if let Some(score) = score {
            let highest = self.counters.highest_mean;
            self.counters.highest_mean = Some(highest.map_or(score, |mean| mean.max(score)));
        }
    }
}

/// When the `place`th of `calls` calls was made, if they were made evenly between two times.
fn made_at((first_ns, last_ns): (u64, u64), place: usize, calls: usize) -> u64 {
    let span = u128::from(last_ns.saturating_sub(first_ns));
    let steps = calls.saturating_sub(1).max(1) as u128;
    let passed = span * place as u128 / steps;
    first_ns.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
}

fn thread_end(stream: &Stream, entry: &Entry) -> ThreadEnd {
    ThreadEnd {
        time_ns: entry.time_ns,
        thread: entry.key,
        comm: entry.comm,
        calls: entry.next_seq,
        scored: stream.scored,
        lost: entry.lost,
        mean_surprise: stream.mean(),
        highest_score: stream.highest(),
        alarms: stream.alarms,
    }
}

#[cfg(test)]
mod tests {
    use super::made_at;

    #[test]
    fn the_time_of_a_call_lies_between_those_of_its_stretch() {
        let times: Vec<_> = (0..5).map(|place| made_at((100, 200), place, 5)).collect();
        assert_eq!(times, [100, 125, 150, 175, 200]);
        assert_eq!(made_at((7, 7), 0, 1), 7);
        assert_eq!(made_at((9, 3), 1, 2), 9, "a source with a wrong order");
        assert_eq!(made_at((0, u64::MAX), 1, 2), u64::MAX);
    }
}
