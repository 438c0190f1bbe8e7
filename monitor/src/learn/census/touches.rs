//! Learning what calls touch.

use super::Census;
use crate::detail::Touch;
use crate::profile::class::Class;
use crate::profile::sightings::Place;
use crate::profile::touched::{News, Sighting};
use crate::syscall::event::ThreadKey;

impl Census {
    pub(super) fn touch(&mut self, thread: ThreadKey, touch: &Touch) {
        let general = touch.detail.generalised(thread.tgid);
        let touched = &mut self.profile.touched;
        let detail = self.written.note(general, |path| touched.writes(path));
        let provenance = &self.profile.provenance;
        let (first_ns, latest_ns) = self.span_ns.unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time that was learned, in whole milliseconds"
        )]
        let before = (provenance.seconds() * 1000.0) as u64;
        let at = Sighting {
            calls: provenance.calls().saturating_add(self.progress.calls),
            millis: before.saturating_add((latest_ns - first_ns) / 1_000_000),
        };
        if let Some(news) = touched.learn(&detail, touch.outcome, at) {
            let place = Place {
                life: u64::from(thread.tid),
                seq: touch.seq,
            };
            let class = match news {
                News::Thing => Class::of_touch(&detail),
                News::Outcome(outcome) => Class::of_outcome(&detail, outcome),
            };
            self.profile.known.learn_touch(class, place);
        }
    }
}
