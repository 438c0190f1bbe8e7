//! Judging what calls touched.

use crate::detect::detector::Detector;
use crate::detect::detector::alarm::Cause;
use crate::detect::verdict::Verdict;
use crate::model::ScoreError;

impl Detector {
    /// Takes the next touch. One whose call was judged before is judged now, any other with its
    /// call.
    pub(super) fn judge_touch(
        &mut self,
        slot: u32,
        time_ns: u64,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let Some(by) = self.by.profile_mut() else {
            return Ok(());
        };
        let Some(mut touch) = by.touches.pop_front() else {
            return Ok(());
        };
        let profile = by.own.profile();
        let tgid = self.threads.entry(slot).key.tgid;
        let general = touch.detail.generalised(tgid);
        touch.detail = by
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
    pub(super) fn judge_touches(
        &mut self,
        slot: u32,
        end: u64,
        time_ns: u64,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), ScoreError> {
        let alert = self.is_alert(time_ns);
        let Some(own) = self.by.own() else {
            return Ok(());
        };
        let stream = &mut self.streams[slot as usize];
        if stream.touches.front().is_none_or(|touch| touch.seq >= end) {
            return Ok(());
        }
        stream.touch_until(end, own.profile());
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
}
