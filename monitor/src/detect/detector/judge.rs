//! Judging what was scored, call by call, in the order in which the events came.

use std::sync::Arc;

use super::alarm::{self, Cause};
use super::limit::Weight;
use super::own::Mark;
use super::provisional::Provisional;
use super::{Detector, Following, Scored};
use crate::detect::stream::Stream;
use crate::detect::threads::Entry;
use crate::detect::verdict::{Suppressed, ThreadEnd, Verdict};
use crate::model::ScoreError;
use crate::syscall::event::{Comm, Event, EventKind, ThreadKey, made_at};
use crate::syscall::{adfa, table};

/// How long after an alarm a privileged call that the service never made is reported whatever it is worth: as long as alarms are
/// one incident for their time alone.
const ALERT_NS: u64 = 60_000_000_000;

/// What is to be judged, in order; the calls themselves stand in [`Detector::calls`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A stream begins at this call of its thread.
    Restart {
        slot: u32,
        seq: u64,
        /// Calls that are missing before it.
        missing: u64,
        /// When it was made.
        time_ns: u64,
    },
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
        queued: Queued,
    },
    /// A call touched something: the next of [`Detector::touches`].
    Touched { slot: u32, time_ns: u64 },
    /// A thread ended or was evicted.
    End { slot: u32, entry: Entry },
    /// Something other than calls.
    Happened {
        thread: ThreadKey,
        comm: Comm,
        life: Life,
    },
}

/// What the model was asked of a stretch, without a profile.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Queued {
    /// Whether it sees the stretch.
    pub taken: bool,
    /// Answers that come before it: those of the warm-up.
    pub warmed: usize,
}

/// What may happen in the life of a process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Life {
    Fork { child_tgid: u32 },
    Exec,
    Exit,
}

impl Step {
    /// The step of an event that is not of calls.
    pub fn happened(event: &Event) -> Self {
        Self::Happened {
            thread: event.thread,
            comm: event.comm,
            life: match event.kind {
                EventKind::Fork { child_tgid, .. } => Life::Fork { child_tgid },
                EventKind::Exit { .. } => Life::Exit,
                EventKind::Exec | EventKind::Calls(_) | EventKind::Touch(_) => Life::Exec,
            },
        }
    }
}

impl Detector {
    /// Lets the profile look at all that is queued, and queues for the model what the profile asks of it.
    pub(super) fn look(&mut self) {
        let Some(own) = self.own.take() else {
            return;
        };
        let steps = std::mem::take(&mut self.steps);
        let mut from = 0;
        for step in &steps {
            match *step {
                Step::Restart { slot, seq, .. } => {
                    self.own_streams[slot as usize] = own.stream(seq == 0);
                }
                Step::Calls { slot, calls, .. } => {
                    let place = slot as usize;
                    let mut in_lane = false;
                    for &call in &self.calls[from..from + calls] {
                        if !table::is_restart(call) {
                            let (stream, lane) =
                                (&mut self.own_streams[place], &mut self.lanes[place]);
                            let mark = own.look(stream, call, lane, &mut self.selection);
                            in_lane |= mark.in_lane;
                            self.marks.push(mark);
                        }
                    }
                    from += calls;
                    if in_lane {
                        self.activate(slot);
                    }
                }
                Step::Touched { .. } | Step::End { .. } | Step::Happened { .. } => {}
            }
        }
        self.steps = steps;
        self.own = Some(own);
    }

    pub(super) fn judge(
        &mut self,
        verdicts: &mut Vec<Verdict>,
        observer: &mut dyn FnMut(&Scored),
    ) -> Result<(), ScoreError> {
        let steps = std::mem::take(&mut self.steps);
        let marks = std::mem::take(&mut self.marks);
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
                        let blind = self.blindness.lose(tid, missing, time_ns);
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
        self.touches.clear();
        self.marks = marks;
        self.marks.clear();
        self.marks.shrink_to(1 << 16);
        self.steps = steps;
        self.steps.clear();
        self.steps.shrink_to(1 << 14);
        Ok(())
    }

    /// Takes the next touch. One whose call was judged before is judged now, any other with its call.
    fn judge_touch(
        &mut self,
        slot: u32,
        time_ns: u64,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let (Some(mut touch), Some(own)) = (self.touches.pop_front(), &self.own) else {
            return Ok(());
        };
        let profile = own.profile();
        let tgid = self.threads.entry(slot).key.tgid;
        let general = touch.detail.generalised(tgid);
        touch.detail = self
            .written
            .note(general, |path| profile.touched.writes(path));
        let news = profile.touched.news(&touch.detail, touch.outcome);
        if profile.touched.is_empty() || news.is_none() {
            return Ok(());
        }
        let stream = &mut self.streams[slot as usize];
        stream.touch_later(touch);
        let judged = stream.recorder.next_seq();
        self.judge_touches(slot, judged, time_ns, verdicts)
    }

    /// Judges what calls before the `end`th of a thread touched.
    fn judge_touches(
        &mut self,
        slot: u32,
        end: u64,
        time_ns: u64,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let Some(own) = &self.own else {
            return Ok(());
        };
        let stream = &mut self.streams[slot as usize];
        if stream.touches.front().is_none_or(|touch| touch.seq >= end) {
            return Ok(());
        }
        stream.touch_until(end, own.profile());
        let alert = self
            .alert_ns
            .is_some_and(|at| time_ns.saturating_sub(at) <= ALERT_NS);
        if stream.recorder.next_seq() > stream.recorder.first_seq()
            && stream.reconsider(&self.raised_by, alert)
        {
            let cause = Cause {
                thread: self.threads.entry(slot).key,
                seq: stream.recorder.next_seq().saturating_sub(1),
                time_ns,
                alert,
                provisional: false,
            };
            return self.ask(slot, &cause, verdicts);
        }
        Ok(())
    }

    fn judge_calls(
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
        let is_general = self.own.is_none();
        if let Some(provisional) = self.provisional.as_mut().filter(|_| is_general) {
            provisional.pass(calls, time_ns.1);
        }
        let stream = &mut self.streams[slot as usize];
        stream.last_ns = time_ns.1;
        stream.named(comm);
        if let Some(own) = &self.own {
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
            let (surprise, own, broken) = match (&self.own, marks.as_slice().first()) {
                (Some(own), Some(mark)) => {
                    marks.next();
                    let profile = own.profile();
                    stream.firsts.made(&profile.known, call, mark.token, seq);
                    if !stream.touches.is_empty() {
                        stream.touch_until(seq.saturating_add(1), profile);
                    }
                    let (nats, lstm) = own.tell(mark, lane);
                    self.counters.asked += u64::from(mark.asks);
                    self.counters.answered += u64::from(mark.granted);
                    (Some(nats), Some(mark.told(lstm)), mark.broken(nats))
                }
                _ => {
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
            let first = |it: &mut Provisional| it.is_first(call, time_ns);
            let provisional = is_general && self.provisional.as_mut().is_some_and(first);
            if is_general && surprise.is_some() {
                self.stretches.note(thread, stream, time_ns);
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
            } else if let (Some(own), Some(adapting)) = (&mut self.own, &mut self.adapting) {
                let learned = adapting.step(own.profile_mut(), stream, &self.limits, time_ns);
                self.counters.adapted += learned;
            }
        }
        let highest = self.streams[slot as usize].current_highest();
        self.note_highest(highest);
        Ok(())
    }

    /// Whether the service had an alarm a moment ago. Without times a moment is the whole run.
    fn is_alert(&self, time_ns: u64) -> bool {
        self.alert_ns
            .is_some_and(|at| time_ns.saturating_sub(at) <= ALERT_NS)
    }

    /// Asks for what a thread did that no alarm of its episode told, before it is forgotten.
    fn ask_what_waits(&mut self, slot: u32, verdicts: &mut Vec<Verdict>) -> Result<(), ScoreError> {
        let stream = &self.streams[slot as usize];
        if !stream.episode.is_waiting() {
            return Ok(());
        }
        let cause = Cause {
            thread: self.threads.entry(slot).key,
            seq: stream.recorder.next_seq().saturating_sub(1),
            time_ns: stream.last_ns,
            alert: true,
            provisional: false,
        };
        self.ask(slot, &cause, verdicts)
    }

    /// The running score crossed: does the flight by itself cross too?
    fn ask(
        &mut self,
        slot: u32,
        cause: &Cause,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let stream = &mut self.streams[slot as usize];
        let (own, limits) = (self.own.as_ref(), &self.raised_by);
        let raised = alarm::raise(&mut self.model, own, limits, cause, stream)?;
        let Some(mut alarm) = raised else {
            stream.episode.doubt();
            return Ok(());
        };
        let time_ns = cause.time_ns;
        let ThreadKey {
            tgid,
            tid,
            start_ns,
        } = cause.thread;
        stream.made += 1;
        alarm.id = self.ids.id(
            time_ns,
            &[
                &tgid.to_le_bytes(),
                &tid.to_le_bytes(),
                &start_ns.to_le_bytes(),
                &cause.seq.to_le_bytes(),
                &stream.made.to_le_bytes(),
            ],
        );
        alarm.service = Arc::clone(&self.service);
        alarm.lineage = self.processes.lineage(tgid);
        alarm.suppressed = match self.told.like(&alarm) {
            Some(like) => Some(Suppressed::Alike(like.to_owned())),
            None if self.limit.allows(time_ns, Weight::of(&alarm)) => None,
            None => Some(Suppressed::Rate),
        };
        stream.episode.raise(&alarm);
        match alarm.suppressed {
            Some(Suppressed::Alike(_)) => self.counters.alike += 1,
            Some(Suppressed::Rate) => self.counters.suppressed += 1,
            None => {
                self.told.tell(&alarm);
                stream.alarms += 1;
                self.counters.alarms += 1;
            }
        }
        if !matches!(alarm.suppressed, Some(Suppressed::Alike(_))) {
            self.alert_ns = self.alert_ns.max(Some(time_ns));
            let following = Following::new(&alarm);
            verdicts.extend(stream.following.replace(following).map(|it| it.told(false)));
        }
        verdicts.push(Verdict::Alarm(Box::new(alarm)));
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
