//! Judging what was scored, step by step, in the order in which the events came.

mod calls;

mod touches;

use super::step::{Life, Step};
use super::{Detector, Scored};
use crate::detect::stream::Stream;
use crate::detect::threads::Entry;
use crate::detect::verdict::{ThreadEnd, Verdict};
use crate::model::ScoreError;

impl Detector {
    pub(super) fn judge(
        &mut self,
        verdicts: &mut Vec<Verdict>,
        observer: &mut dyn FnMut(&Scored),
    ) -> Result<(), ScoreError> {
        let steps = std::mem::take(&mut self.steps);
        let marks = self
            .by
            .profile_mut()
            .map(|by| std::mem::take(&mut by.marks));
        let mut marks = marks.unwrap_or_default();
        let mut told = marks.iter();
        let mut from = 0;
        for step in &steps {
            match *step {
                Step::Restart {
                    slot,
                    seq,
                    missing,
                    time_ns,
                } => {
                    self.ask_what_waits(slot, verdicts)?;
                    if missing > 0 {
                        let tid = self.threads.entry(slot).key.tid;
                        let from_ns = self.streams[slot as usize].last_ns;
                        let blind = self.blindness.lose(tid, missing, from_ns, time_ns);
                        verdicts.extend(blind.map(Verdict::Blind));
                    }
                    let stream = &mut self.streams[slot as usize];
                    verdicts.extend(stream.following.take().map(|it| it.told(false)));
                    stream.restart(seq, missing > 0, &self.limits);
                }
                Step::Calls { slot, calls, .. } => {
                    let range = from..from + calls;
                    self.judge_calls(step, slot, range, &mut told, verdicts, observer)?;
                    from += calls;
                }
                Step::Touched { slot, time_ns } => self.judge_touch(slot, time_ns, verdicts)?,
                Step::End { slot, entry } => {
                    self.judge_touches(slot, u64::MAX, entry.time_ns, verdicts)?;
                    self.ask_what_waits(slot, verdicts)?;
                    let stream = &mut self.streams[slot as usize];
                    verdicts.extend(stream.following.take().map(|it| it.told(true)));
                    let end = thread_end(stream, &entry);
                    self.note_highest(end.highest_score);
                    verdicts.push(Verdict::ThreadEnd(end));
                    self.threads.release(slot);
                }
                Step::Happened { thread, comm, life } => match life {
                    Life::Fork { child_tgid } => self.processes.forked(thread, comm, child_tgid),
                    Life::Exec => self.processes.executed(thread, comm),
                    Life::Exit => self.processes.ended(thread),
                },
            }
        }
        self.calls.clear();
        self.calls.shrink_to(1 << 16);
        if let Some(by) = self.by.profile_mut() {
            by.touches.clear();
            marks.clear();
            marks.shrink_to(1 << 16);
            by.marks = marks;
        }
        self.steps = steps;
        self.steps.clear();
        self.steps.shrink_to(1 << 14);
        Ok(())
    }

    fn note_highest(&mut self, score: Option<f64>) {
        if let Some(score) = score {
            let highest = self.counters.highest_mean;
            self.counters.highest_mean = Some(highest.map_or(score, |mean| mean.max(score)));
        }
    }
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
