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
pub struct Reassembly {
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
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// How many processes these threads belong to.
    #[must_use]
    pub fn processes(&self) -> usize {
        let tgids: HashSet<u32> = self.threads.values().map(|it| it.key.tgid).collect();
        tgids.len()
    }

    /// Takes a window off the ring.
    pub fn sent(&mut self, window: &Window, events: &mut Vec<Event>) {
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
    /// counted for all threads together, in [`SourceStatus::lost`](crate::run::snapshot::SourceStatus::lost).
    pub fn gap_all(&mut self) {
        for progress in self.threads.values_mut() {
            progress.skipped += 1;
        }
    }

    /// Forgets which threads ended so far: copies of the thread table are made from now on.
    pub fn copying(&mut self) {
        self.ended.clear();
    }

    /// Takes a copy out of the thread table, made at `now_ns`, after [`Self::copying`] and before
    /// the ring was emptied.
    ///
    /// A copy that begins after the calls delivered so far means loss only if it still does so at
    /// the next look, or when `last` says that there will be none: another thread's record may have
    /// kept the missing one from being read.
    pub fn copied(&mut self, window: &Window, now_ns: u64, last: bool, events: &mut Vec<Event>) {
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
mod tests {
    use monitor_common::{
        abi::Abi,
        record::{Cause, WINDOW_CALLS, Window, owner, pack},
    };

    use super::{Event, EventKind, Reassembly};

    pub(super) fn window(cause: Cause, first_seq: u64, len: u32) -> Window {
        let mut slots = [0; WINDOW_CALLS];
        for (place, slot) in slots.iter_mut().enumerate().take(len as usize) {
            let seq = first_seq + place as u64;
            *slot = pack(seq as u32, Abi::X86_64.tag(), seq, owner(10, 11, 1));
        }
        Window {
            cause: cause as u32,
            len,
            tgid: 10,
            tid: 11,
            start_ns: 1,
            first_seq,
            first_ns: 1000,
            last_ns: 2000,
            comm: [0; 16],
            child_tgid: 0,
            child_tid: 0,
            service: 0,
            resumed_len: 0,
            resumed_ns: 0,
            epoch: 0,
            slots,
        }
    }

    pub(super) fn numbers(events: &[Event]) -> Vec<u32> {
        let mut numbers = Vec::new();
        for event in events {
            if let EventKind::Calls(stretch) = &event.kind {
                assert_eq!(stretch.first_seq, u64::from(stretch.calls[0].number));
                numbers.extend(stretch.calls.iter().map(|call| call.number));
            }
        }
        numbers
    }

    #[test]
    fn calls_seen_in_a_copy_and_again_in_the_window_come_once() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.copied(&window(Cause::Open, 0, 10), 5, false, &mut events);
        reassembly.copied(&window(Cause::Open, 0, 12), 6, false, &mut events);
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        reassembly.copied(&window(Cause::Open, 0, 12), 7, false, &mut events);
        assert_eq!(numbers(&events), (0..32).collect::<Vec<_>>());
        assert_eq!((reassembly.received, reassembly.lost), (32, 0));
    }

    #[test]
    fn a_missing_window_is_lost_and_counted_once() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        reassembly.sent(&window(Cause::Full, 64, 32), &mut events);
        reassembly.sent(&window(Cause::Exit, 128, 0), &mut events);
        assert_eq!((reassembly.received, reassembly.lost), (64, 64));
        assert_eq!(
            events.last().map(|event| &event.kind),
            Some(&EventKind::Exit { count: 128 })
        );
        assert_eq!(reassembly.threads(), 0);
    }

    #[test]
    fn calls_copied_from_a_window_that_is_lost_later_are_not_lost() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.copied(&window(Cause::Open, 0, 10), 5, false, &mut events);
        reassembly.sent(&window(Cause::Full, 32, 32), &mut events);
        assert_eq!((reassembly.received, reassembly.lost), (42, 22));
    }

    #[test]
    fn what_follows_a_flush_has_the_time_of_its_first_call() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.copied(&window(Cause::Open, 0, 10), 5_000, false, &mut events);
        // Nothing for an hour, then two more calls.
        let mut resumed = window(Cause::Open, 0, 12);
        (resumed.resumed_len, resumed.resumed_ns) = (10, 3_600_000);
        reassembly.copied(&resumed, 3_601_000, false, &mut events);
        let times: Vec<u64> = events.iter().map(|event| event.time_ns).collect();
        assert_eq!(times, [1_000, 3_600_000]);
    }

    #[test]
    fn a_window_of_another_service_is_of_that_one() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        let mut other = window(Cause::Full, 32, 32);
        other.service = 7;
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        reassembly.sent(&other, &mut events);
        let services: Vec<u32> = events.iter().map(|event| event.service.0).collect();
        assert_eq!(services, [0, 7]);
    }

    #[test]
    fn calls_that_the_kernel_skipped_gap_every_open_thread_once() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        reassembly.gap_all();
        reassembly.sent(&window(Cause::Full, 32, 32), &mut events);
        reassembly.sent(&window(Cause::Exit, 64, 1), &mut events);
        let places = events.iter().map(|event| match &event.kind {
            EventKind::Calls(stretch) => stretch.first_seq,
            EventKind::Exit { count } => *count,
            other => panic!("{other:?}"),
        });
        assert_eq!(places.collect::<Vec<_>>(), [0, 33, 65, 66]);
        assert_eq!((reassembly.received, reassembly.lost), (65, 0));
    }

    #[test]
    fn a_copy_ahead_of_the_ring_is_believed_the_second_time() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        reassembly.copied(&window(Cause::Open, 64, 3), 5, false, &mut events);
        assert_eq!((reassembly.received, reassembly.lost), (32, 0));
        reassembly.copied(&window(Cause::Open, 64, 4), 6, false, &mut events);
        assert_eq!((reassembly.received, reassembly.lost), (36, 32));
    }

    #[test]
    fn at_the_end_an_empty_window_still_tells_how_many_calls_were_made() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        reassembly.copied(&window(Cause::Open, 96, 0), 5, true, &mut events);
        assert_eq!((reassembly.received, reassembly.lost), (32, 64));
    }

    #[test]
    fn a_copy_torn_by_its_thread_ends_where_the_slots_stop_to_fit() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        let mut torn = window(Cause::Open, 0, 20);
        torn.slots[5..].copy_from_slice(&window(Cause::Open, 32, 32).slots[5..]);
        reassembly.copied(&torn, 5, false, &mut events);
        assert_eq!(numbers(&events), [0, 1, 2, 3, 4]);
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        assert_eq!(numbers(&events), (0..32).collect::<Vec<_>>());
    }

    #[test]
    fn a_copy_that_mixes_two_owners_of_a_window_changes_nothing() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        let mut mixed = window(Cause::Open, 0, 20);
        mixed.tid = 12;
        reassembly.copied(&mixed, 5, true, &mut events);
        assert!(events.is_empty(), "{events:?}");
        reassembly.copied(&window(Cause::Open, 0, 20), 5, true, &mut events);
        assert_eq!(numbers(&events), (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn a_thread_whose_number_is_used_again_ended_before() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
        let mut successor = window(Cause::Full, 0, 1);
        successor.start_ns = 2;
        successor.slots[0] = pack(0, Abi::X86_64.tag(), 0, owner(10, 11, 2));
        reassembly.sent(&successor, &mut events);
        let kinds: Vec<_> = events
            .iter()
            .map(|event| (event.thread.start_ns, &event.kind))
            .collect();
        assert_eq!(kinds[1], (1, &EventKind::Exit { count: 32 }));
        assert_eq!(kinds.len(), 3);
        assert_eq!(reassembly.lost, 0);
    }

    #[test]
    fn a_copy_of_a_thread_that_ended_meanwhile_is_not_another_thread() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        reassembly.copying();
        let copy = window(Cause::Open, 0, 3);
        reassembly.sent(&window(Cause::Exit, 0, 5), &mut events);
        reassembly.copied(&copy, 5, false, &mut events);
        assert_eq!(numbers(&events), [0, 1, 2, 3, 4]);
        assert_eq!((reassembly.received, reassembly.threads()), (5, 0));
        // A thread that takes over the leader's place has the same key, and is seen from the next
        // look on.
        reassembly.copying();
        reassembly.copied(&copy, 6, false, &mut events);
        assert_eq!((reassembly.received, reassembly.threads()), (8, 1));
    }

    #[test]
    fn a_thread_whose_first_windows_were_all_lost_is_seen_by_its_copies() {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
        for _ in 0..2 {
            reassembly.copying();
            reassembly.copied(&window(Cause::Open, 64, 3), 5, false, &mut events);
        }
        assert_eq!((reassembly.received, reassembly.lost), (3, 64));
    }
}
