//! Windows become events: what was seen twice is dropped, what is missing shows as a gap.

use std::collections::{HashMap, HashSet};

use monitor_common::record::{Cause, Window, owner, unpack};

use crate::syscall::event::{Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

struct Progress {
    key: ThreadKey,
    comm: Comm,
    service: ServiceId,
    /// Calls of the thread that were delivered or known to be lost.
    next_seq: u64,
    /// When the last call that was delivered was made.
    last_ns: u64,
    /// A copied window that began later than `next_seq`: it is believed when seen again.
    doubted: Option<u64>,
    /// Added to the probe's count of calls, for what the probe cannot have counted.
    skipped: u64,
}

/// Puts each thread's windows together, whether they came by the ring or as copies of the table.
#[derive(Default)]
pub(super) struct Reassembly {
    threads: HashMap<u32, Progress>,
    /// Threads whose end was read off the ring since [`Self::copying`].
    ended: HashSet<ThreadKey>,
    /// Calls that the probe counted and that never arrived.
    pub lost: u64,
    /// Calls that arrived.
    pub received: u64,
}

fn key(window: &Window) -> ThreadKey {
    ThreadKey {
        tgid: window.tgid,
        tid: window.tid,
        start_ns: window.start_ns,
    }
}

impl Reassembly {
    /// How many threads are alive as far as is known.
    #[must_use]
    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    /// How many processes these threads belong to.
    #[must_use]
    pub(super) fn processes(&self) -> usize {
        let tgids: HashSet<u32> = self.threads.values().map(|it| it.key.tgid).collect();
        tgids.len()
    }

    /// Takes a window off the ring.
    pub(super) fn sent(&mut self, window: &Window, events: &mut Vec<Event>) {
        self.progress(window, events);
        self.deliver(window, window.last_ns, events);
        let event = |kind| Event {
            thread: key(window),
            comm: Comm(window.comm),
            service: ServiceId(window.service),
            time_ns: window.last_ns,
            kind,
        };
        match Cause::from_number(window.cause) {
            Some(Cause::Fork) => events.push(event(EventKind::Fork {
                child_tgid: window.child_tgid,
                child_tid: window.child_tid,
            })),
            Some(Cause::Exec) => events.push(event(EventKind::Exec)),
            Some(Cause::Exit | Cause::Left) => {
                let made = window.first_seq + u64::from(window.len);
                let mut count = made;
                if let Some(ended) = self.threads.remove(&window.tid) {
                    self.lost += made.saturating_sub(ended.next_seq);
                    count += ended.skipped;
                }
                events.push(event(EventKind::Exit { count }));
                self.ended.insert(key(window));
            }
            Some(Cause::Full | Cause::Open | Cause::CgroupMade | Cause::CgroupGone) | None => {}
        }
    }

    /// Marks every open thread as gapped from its next call on: calls were missed, and nobody knows
    /// whose they were.
    ///
    /// The places of a thread's later calls are one higher for that. How many calls it were is
    /// counted for all threads together, in
    /// [`SourceStatus::lost`](crate::run::snapshot::SourceStatus::lost).
    pub(super) fn gap_all(&mut self) {
        for progress in self.threads.values_mut() {
            progress.skipped += 1;
        }
    }

    /// Forgets which threads ended so far: copies of the thread table are made from now on.
    pub(super) fn copying(&mut self) {
        self.ended.clear();
    }

    /// Takes a copy out of the thread table, made at `now_ns`, after [`Self::copying`] and before
    /// the ring was emptied.
    ///
    /// A copy that begins after the calls delivered so far means loss only if it still does so at
    /// the next look, or when `last` says that there will be none: another thread's record may have
    /// kept the missing one from being read.
    pub(super) fn copied(
        &mut self,
        window: &Window,
        now_ns: u64,
        last: bool,
        events: &mut Vec<Event>,
    ) {
        // It ended after the copy was made, and its last window brought the same calls.
        if self.ended.contains(&key(window)) {
            return;
        }
        match Cause::from_number(window.cause) {
            Some(Cause::Left) => return self.sent(window, events),
            // On its way through the ring, or about to be left in the table.
            Some(Cause::Exit) if !last => return,
            Some(Cause::Exit) => return self.sent(window, events),
            _ => {}
        }
        // A copy whose first call is not its owner's is a mixture of two owners' windows.
        let owner = owner(window.tgid, window.tid, window.start_ns);
        if window.len > 0 && unpack(window.slots[0], window.first_seq, owner).is_none() {
            return;
        }
        let progress = self.progress(window, events);
        let ahead = window.first_seq > progress.next_seq;
        if ahead && !last && progress.doubted != Some(window.first_seq) {
            progress.doubted = Some(window.first_seq);
            return;
        }
        self.deliver(window, now_ns, events);
    }

    fn progress(&mut self, window: &Window, events: &mut Vec<Event>) -> &mut Progress {
        let (key, comm) = (key(window), Comm(window.comm));
        let fresh = Progress {
            key,
            comm,
            service: ServiceId(window.service),
            next_seq: 0,
            last_ns: 0,
            doubted: None,
            skipped: 0,
        };
        let progress = self
            .threads
            .entry(window.tid)
            .or_insert_with(|| Progress { key, ..fresh });
        if progress.key != key {
            // The number was used again, so its former owner ended unseen.
            events.push(Event {
                thread: progress.key,
                comm: progress.comm,
                service: progress.service,
                time_ns: window.first_ns,
                kind: EventKind::Exit {
                    count: progress.next_seq + progress.skipped,
                },
            });
            *progress = Progress {
                key,
                comm,
                service: ServiceId(window.service),
                next_seq: 0,
                last_ns: 0,
                doubted: None,
                skipped: 0,
            };
        }
        progress
    }

    fn deliver(&mut self, window: &Window, last_ns: u64, events: &mut Vec<Event>) {
        let Some(progress) = self.threads.get_mut(&window.tid) else {
            return;
        };
        progress.comm = Comm(window.comm);
        progress.service = ServiceId(window.service);
        let begin = window.first_seq.max(progress.next_seq);
        let owner = owner(window.tgid, window.tid, window.start_ns);
        let mut calls = Vec::new();
        for seq in begin..window.first_seq + u64::from(window.len) {
            let slot = window.slots[(seq - window.first_seq) as usize];
            // A copy that was made while the thread moved on ends where the slots stop to fit.
            let Some((number, abi)) = unpack(slot, seq, owner) else {
                break;
            };
            calls.push(Call { abi, number });
        }
        self.lost += begin - progress.next_seq;
        self.received += calls.len() as u64;
        progress.next_seq = begin + calls.len() as u64;
        progress.doubted = None;
        let last_ns = last_ns.max(progress.last_ns);
        // The rest of a window that was copied before has a time of its own.
        let resumed = window.first_seq + u64::from(window.resumed_len);
        let is_resumed = window.resumed_ns != 0 && begin == resumed;
        if !calls.is_empty() {
            events.push(Event {
                thread: progress.key,
                comm: progress.comm,
                service: progress.service,
                time_ns: if is_resumed {
                    window.resumed_ns
                } else {
                    // Of a window that was copied before, only the rest is new.
                    window.first_ns.max(progress.last_ns)
                },
                kind: EventKind::Calls(Stretch {
                    first_seq: begin + progress.skipped,
                    last_ns,
                    calls,
                }),
            });
            progress.last_ns = last_ns;
        }
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
pub(super) mod tests;
