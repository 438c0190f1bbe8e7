//! From a running score that crossed to an alarm: whether the flight crosses by itself, and who is
//! told.

use std::sync::Arc;

use super::Detector;
use super::alarm::{self, Cause};
use super::judges::ByProfile;
use super::limit::Weight;
use crate::detect::aftermath::Following;
use crate::detect::verdict::{Suppressed, Verdict};
use crate::model::ScoreError;
use crate::syscall::event::ThreadKey;

/// How long after an alarm a privileged call that the service never made is reported whatever it is
/// worth: as long as alarms are one incident for their time alone.
const ALERT_NS: u64 = 60_000_000_000;

impl Detector {
    /// Whether the service had an alarm a moment ago. Without times a moment is the whole run.
    pub(super) fn is_alert(&self, time_ns: u64) -> bool {
        self.alert_ns
            .is_some_and(|at| time_ns.saturating_sub(at) <= ALERT_NS)
    }

    /// Asks for what a thread did that no alarm of its episode told, before it is forgotten.
    pub(super) fn ask_what_waits(
        &mut self,
        slot: u32,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
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
    pub(super) fn ask(
        &mut self,
        slot: u32,
        cause: &Cause,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let stream = &mut self.streams[slot as usize];
        let (own, limits) = (self.by.own(), &self.raised_by);
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
        alarm.judged_by = self.by.profile_mut().and_then(ByProfile::judged_by);
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
}
