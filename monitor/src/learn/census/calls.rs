//! Learning calls, and beginning lives.

use super::life::{Kind, Life};
use super::room::LIFE;
use super::{Census, Open};
use crate::profile::known::family;
use crate::profile::sightings::Place;
use crate::syscall::event::{Comm, Event, Stretch, ThreadKey};
use crate::syscall::table;

impl Census {
    #[expect(clippy::cast_precision_loss, reason = "a time need not be exact")]
    pub(super) fn push_calls(&mut self, event: &Event, stretch: &Stretch, passed_ns: u64) {
        if stretch.calls.is_empty() {
            return;
        }
        let slot = match self.threads.find(event.thread) {
            Some(slot) => slot,
            None => self.admit(event.thread, event.comm),
        };
        self.threads.touch(slot);
        let next = self
            .threads
            .entry_mut(slot)
            .advance(stretch.first_seq, stretch.calls.len());
        if next.repeated == stretch.calls.len() {
            return;
        }
        self.progress.lost = self.progress.lost.saturating_add(next.missing);
        let Open {
            number,
            life,
            mut kept,
            mut cursor,
        } = self.open[slot as usize];
        if next.restarts {
            cursor = self.profile.ngram.middle();
            let first_seq = stretch.first_seq.saturating_add(next.repeated as u64);
            self.begin_run(life, first_seq);
        }
        let last = self.family(event.comm);
        if let Some(life) = self.lives.get_mut(life) {
            life.kind.last = last;
        }
        let later_ns = stretch.last_ns.saturating_sub(event.time_ns);
        let passed_ns = passed_ns + self.pass(event.time_ns.saturating_add(later_ns));
        let mut seconds = passed_ns as f64 / 1e9;
        let mut seq = stretch.first_seq.saturating_add(next.repeated as u64);
        for &call in &stretch.calls[next.repeated..] {
            if table::is_restart(call) {
                continue;
            }
            let known = self.profile.vocabulary.calls().len();
            let token = self.profile.vocabulary.intern(call);
            let is_new = self.profile.vocabulary.calls().len() > known;
            let learned = self.profile.ngram.learn_next(&mut cursor, token);
            let learned = learned.expect("every token is of the vocabulary");
            self.profile.novelty.push(learned, seconds);
            let place = Place { life: number, seq };
            let known = &mut self.profile.known;
            known.learn(event.comm, (call, token), is_new, seconds, place);
            seconds = 0.0;
            seq = seq.saturating_add(1);
            self.progress.calls += 1;
            self.keep(life, &mut kept, token);
        }
        let open = &mut self.open[slot as usize];
        (open.cursor, open.kept) = (cursor, kept);
    }

    /// [`family`], which is asked for every event and mostly for the name before.
    pub(super) fn family(&mut self, comm: Comm) -> Comm {
        if self.before.0 != comm {
            self.before = (comm, family(comm));
        }
        self.before.1
    }

    pub(super) fn admit(&mut self, key: ThreadKey, comm: Comm) -> u32 {
        if self.threads.is_full()
            && let Some(slot) = self.threads.longest_idle()
        {
            self.threads.evict(slot);
            self.threads.release(slot);
        }
        let (slot, _) = self.threads.add(key, comm);
        let life = self.lives.len();
        let first = self.family(comm);
        // In a source that knows when threads began, a parent without a start is of before it, and
        // so is its child.
        let announced = self.children.remove(&(key.tgid, key.tid));
        let begun = announced.is_some_and(|knows_start| knows_start || key.start_ns == 0);
        if let Some(room) = self.room.checked_sub(LIFE) {
            self.room = room;
            self.lives.push(Life {
                is_whole: true,
                kind: Kind {
                    first,
                    last: first,
                    begun,
                },
                runs: Vec::new(),
            });
        }
        self.progress.lives += 1;
        let place = Open {
            number: self.progress.lives,
            life,
            kept: 0,
            cursor: self.profile.ngram.middle(),
        };
        if slot as usize == self.open.len() {
            self.open.push(place);
        } else {
            self.open[slot as usize] = place;
        }
        slot
    }
}
