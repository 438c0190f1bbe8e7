//! Taking events in: which thread's they are, what of its calls is missing, and what the model is
//! to be asked.

use super::Detector;
use super::step::{Queued, Step};
use crate::detail::Touch;
use crate::detect::stream::Stream;
use crate::syscall::event::{Comm, Event, EventKind, Stretch, ThreadKey};
use crate::syscall::{adfa, table};

impl Detector {
    /// Queues an event: nothing is inferred yet. Memory grows with what is queued, so call
    /// [`Detector::score`] every some ten thousand calls.
    pub fn push(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Calls(stretch) => self.push_calls(event, stretch),
            EventKind::Touch(touch) => self.push_touch(event, touch),
            EventKind::Fork { .. } => self.steps.push(Step::happened(event)),
            EventKind::Exec => {
                self.steps.push(Step::happened(event));
                if let Some(slot) = self.threads.find(event.thread) {
                    self.threads.entry_mut(slot).comm = event.comm;
                }
            }
            EventKind::Exit { count } => {
                self.push_exit(event, *count);
                self.steps.push(Step::happened(event));
            }
        }
    }

    /// A thread that was another service's up to the call at `seq` is this one's from there on:
    /// nothing before is missing.
    pub fn expect(&mut self, thread: ThreadKey, seq: u64) {
        self.threads.expect(thread, seq);
    }

    fn push_touch(&mut self, event: &Event, touch: &Touch) {
        if self.by.profile().is_none() {
            return;
        }
        let slot = match self.threads.find(event.thread) {
            Some(slot) => slot,
            None => {
                let (slot, known) = self.admit(event.thread, event.comm);
                self.counters.threads += u64::from(!known);
                slot
            }
        };
        if let Some(by) = self.by.profile_mut() {
            by.touches.push_back(touch.clone());
        }
        self.steps.push(Step::Touched {
            slot,
            time_ns: event.time_ns,
        });
    }

    fn push_calls(&mut self, event: &Event, stretch: &Stretch) {
        if stretch.calls.is_empty() {
            return;
        }
        let (slot, known) = match self.threads.find(event.thread) {
            Some(slot) => (slot, true),
            None => self.admit(event.thread, event.comm),
        };
        self.counters.threads += u64::from(!known);
        self.threads.touch(slot);
        let entry = self.threads.entry_mut(slot);
        let next = entry.advance(stretch.first_seq, stretch.calls.len());
        self.counters.repeated += next.repeated as u64;
        if next.repeated == stretch.calls.len() {
            return;
        }
        entry.comm = event.comm;
        entry.time_ns = stretch.last_ns.max(event.time_ns);
        self.counters.lost = self.counters.lost.saturating_add(next.missing);
        self.counters.gaps += u64::from(next.missing > 0);
        let seq = stretch.first_seq.saturating_add(next.repeated as u64);
        if next.restarts {
            self.steps.push(Step::Restart {
                slot,
                seq,
                missing: next.missing,
                time_ns: event.time_ns,
            });
        }
        let fresh = &stretch.calls[next.repeated..];
        // With a profile, what the lane is asked is known only when the profile has looked at every
        // call before.
        let is_general = self.by.profile().is_none();
        let mut indices = Vec::new();
        for &call in fresh {
            if table::is_restart(call) {
                self.counters.restarts += 1;
                continue;
            }
            let mapping = adfa::map(call);
            self.coverage.count(call, &mapping);
            if is_general {
                indices.push(mapping.index);
            }
        }
        let general =
            is_general.then(|| self.queue(slot, &indices, next.restarts.then_some(seq == 0)));
        let asks = general.is_some_and(|queued| queued.taken);
        self.counters.calls += fresh.len() as u64;
        self.calls.extend_from_slice(fresh);
        self.steps.push(Step::Calls {
            slot,
            seq,
            calls: fresh.len(),
            before: next.repeated,
            comm: event.comm,
            time_ns: (event.time_ns, stretch.last_ns),
            queued: general.unwrap_or_default(),
        });
        if asks {
            self.active.add(slot);
        }
    }

    /// Queues a stretch for the model, without a profile, if it is granted. `begins` is given where
    /// a stream begins: whether with its thread's first call.
    fn queue(&mut self, slot: u32, indices: &[u16], begins: Option<bool>) -> Queued {
        let Some(by) = self.by.model_mut() else {
            return Queued::default();
        };
        let ration = &mut by.rations[slot as usize];
        let lane = &mut self.lanes[slot as usize];
        if let Some(whole) = begins {
            ration.restart(whole);
        }
        let skipped = ration.was_skipped();
        // Taken now: by the time it is known whether it is needed, the stretch itself is noted.
        let (warm_up, whole) = if skipped {
            ration.recent()
        } else {
            (Vec::new(), true)
        };
        let mut novel = false;
        for &index in indices {
            novel |= ration.note(index);
        }
        if !self.selection.takes(ration, indices.len(), novel) {
            return Queued::default();
        }
        if let Some(from_start) = begins {
            lane.restart(from_start);
        } else if skipped {
            lane.restart(ration.is_whole() && whole);
        }
        let warmed = warm_up.len();
        warm_up
            .iter()
            .chain(indices)
            .for_each(|&index| lane.push(index));
        Queued {
            taken: true,
            warmed,
        }
    }

    fn push_exit(&mut self, event: &Event, count: u64) {
        let slot = match self.threads.find(event.thread) {
            Some(slot) => slot,
            None => {
                let seen = self.threads.seen_before_eviction(event.thread);
                if count <= seen.unwrap_or(0) {
                    // It made no call, or its end was told when it was evicted.
                    return;
                }
                let (slot, known) = self.admit(event.thread, event.comm);
                self.counters.threads += u64::from(!known);
                slot
            }
        };
        let entry = self.threads.entry_mut(slot);
        let missing = count.saturating_sub(entry.next_seq);
        entry.lost = entry.lost.saturating_add(missing);
        entry.next_seq = entry.next_seq.max(count);
        entry.time_ns = event.time_ns.max(entry.time_ns);
        self.counters.lost = self.counters.lost.saturating_add(missing);
        let entry = self.threads.remove(slot);
        self.steps.push(Step::End { slot, entry });
    }

    /// A slot for a thread that has none, making room if need be; and whether it had one before.
    fn admit(&mut self, key: ThreadKey, comm: Comm) -> (u32, bool) {
        if self.threads.is_full()
            && let Some(slot) = self.threads.longest_idle()
        {
            let entry = self.threads.evict(slot);
            self.steps.push(Step::End { slot, entry });
        }
        let (slot, known) = self.threads.add(key, comm);
        let place = slot as usize;
        if place == self.lanes.len() {
            self.lanes.push(self.model.lane());
            self.streams.push(Stream::new(&self.limits));
            self.active.grow();
        } else {
            self.streams[place] = Stream::new(&self.limits);
        }
        self.by.admit(place);
        (slot, known)
    }
}
