//! Judging calls, one by one.

use crate::detect::detector::alarm::Cause;
use crate::detect::detector::judges::{ByModel, Judge};
use crate::detect::detector::own::Mark;
use crate::detect::detector::step::Step;
use crate::detect::detector::{Detector, Scored};
use crate::detect::verdict::Verdict;
use crate::model::ScoreError;
use crate::syscall::event::made_at;
use crate::syscall::{adfa, table};

impl Detector {
    pub(super) fn judge_calls(
        &mut self,
        step: &Step,
        slot: u32,
        range: std::ops::Range<usize>,
        marks: &mut std::slice::Iter<'_, Mark>,
        verdicts: &mut Vec<Verdict>,
        observer: &mut dyn FnMut(&Scored),
    ) -> Result<(), ScoreError> {
        let &Step::Calls {
            seq,
            calls,
            before,
            comm,
            time_ns,
            queued,
            ..
        } = step
        else {
            return Ok(());
        };
        let thread = self.threads.entry(slot).key;
        self.processes.named(thread, comm);
        let blind = self.blindness.advance(time_ns.1);
        verdicts.extend(blind.map(Verdict::Blind));
        let alert = self.is_alert(time_ns.1);
        if let Judge::Model(ByModel {
            provisional: Some(provisional),
            ..
        }) = &mut self.by
        {
            provisional.pass(calls, time_ns.1);
        }
        let stream = &mut self.streams[slot as usize];
        stream.last_ns = time_ns.1;
        stream.named(comm);
        if let Some(own) = self.by.own() {
            stream.firsts.named(&own.profile().known, comm, seq);
        }
        for _ in 0..queued.warmed {
            self.lanes[slot as usize].take();
        }
        for (place, at) in range.enumerate() {
            let call = self.calls[at];
            let stream = &mut self.streams[slot as usize];
            let full = stream.following.as_mut().is_some_and(|it| it.push(call));
            if full {
                verdicts.extend(stream.following.take().map(|it| it.told(false)));
            }
            if table::is_restart(call) {
                stream.record(call);
                continue;
            }
            let seq = seq.saturating_add(place as u64);
            let lane = &mut self.lanes[slot as usize];
            let (surprise, own, broken) = match &self.by {
                Judge::Profile(by) => {
                    let Some(mark) = marks.next() else {
                        continue;
                    };
                    let profile = by.own.profile();
                    stream.firsts.made(&profile.known, call, mark.token, seq);
                    if !stream.touches.is_empty() {
                        stream.touch_until(seq.saturating_add(1), profile);
                    }
                    let (nats, lstm) = by.own.tell(mark, lane);
                    self.counters.asked += u64::from(mark.asks);
                    self.counters.answered += u64::from(mark.granted);
                    (Some(nats), Some(mark.told(lstm)), mark.broken(nats))
                }
                Judge::Model(_) => {
                    self.counters.asked += 1;
                    self.counters.answered += u64::from(queued.taken);
                    (if queued.taken { lane.take() } else { None }, None, None)
                }
            };
            observer(&Scored {
                thread,
                seq,
                call,
                index: adfa::map(call).index,
                surprise,
                own,
            });
            self.counters.scored += u64::from(surprise.is_some());
            let crossed = stream.step(call, (surprise, broken), &self.raised_by, alert);
            let time_ns = made_at(time_ns, before + place, before + calls);
            let mut provisional = false;
            if let Judge::Model(by) = &mut self.by {
                let first = by.provisional.as_mut();
                provisional = first.is_some_and(|it| it.is_first(call, time_ns));
                if surprise.is_some() {
                    by.stretches.note(thread, stream, time_ns);
                }
            }
            if crossed || provisional {
                let cause = Cause {
                    thread,
                    seq,
                    time_ns,
                    alert,
                    provisional,
                };
                self.ask(slot, &cause, verdicts)?;
            } else if let Judge::Profile(by) = &mut self.by {
                self.counters.adapted += by.learn(stream, &self.limits, time_ns);
            }
        }
        let highest = self.streams[slot as usize].current_highest();
        self.note_highest(highest);
        Ok(())
    }
}
