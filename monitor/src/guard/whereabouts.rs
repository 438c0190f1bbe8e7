//! Which service each thread made its latest calls for, and how far it was seen then.
//!
//! A thread's calls are counted from its beginning, whoever's it was. A service that it joins is
//! told where it stands, so that what it did before is not taken for lost.

use std::collections::HashMap;

use super::membership::ServiceId;
use super::share;
use crate::syscall::event::{Event, EventKind, ThreadKey};

/// Threads that are remembered; beyond it those of the service that has most are forgotten, and
/// where they change their service they show a gap.
const MOST_THREADS: usize = 1 << 18;

#[derive(Clone, Copy, Debug)]
struct Place {
    tgid: u32,
    /// 0 for a child that was announced and did nothing yet.
    start_ns: u64,
    service: Option<ServiceId>,
    /// The place of the call that should come next.
    next_seq: u64,
    /// Whether it was seen to begin.
    begun: bool,
}

/// A thread that is of another service now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Moved {
    /// Whose it was.
    pub from: Option<ServiceId>,
    /// The place of the call that should come next.
    pub next_seq: u64,
    /// Whether it was seen to begin.
    pub begun: bool,
}

/// The threads seen.
#[derive(Debug)]
pub(super) struct Whereabouts {
    threads: HashMap<u32, Place>,
    most: usize,
}

impl Default for Whereabouts {
    fn default() -> Self {
        Self::with_room_for(MOST_THREADS)
    }
}

impl Whereabouts {
    fn with_room_for(most: usize) -> Self {
        Self {
            threads: HashMap::new(),
            most,
        }
    }

    /// Notes an event of a thread that is of `service`; tells whether it was of another one before.
    pub(super) fn note(&mut self, event: &Event, service: Option<ServiceId>) -> Option<Moved> {
        let ThreadKey {
            tgid,
            tid,
            start_ns,
        } = event.thread;
        if self.threads.len() >= self.most {
            let crowd = share::largest(self.threads.values().map(|it| it.service));
            self.threads.retain(|_, it| Some(it.service) != crowd);
        }
        let fresh = Place {
            tgid,
            start_ns,
            service,
            next_seq: 0,
            begun: false,
        };
        let place = self.threads.entry(tid).or_insert(fresh);
        if place.start_ns == 0 {
            place.start_ns = start_ns;
        } else if place.start_ns != start_ns {
            // Another thread has the number.
            *place = fresh;
        }
        let moved = (place.service != service).then(|| Moved {
            from: std::mem::replace(&mut place.service, service),
            next_seq: place.next_seq,
            begun: place.begun,
        });
        match &event.kind {
            EventKind::Calls(stretch) => {
                let end = stretch.first_seq.saturating_add(stretch.calls.len() as u64);
                place.next_seq = place.next_seq.max(end);
            }
            EventKind::Fork {
                child_tgid,
                child_tid,
            } => {
                let child = Place {
                    tgid: *child_tgid,
                    start_ns: 0,
                    next_seq: 0,
                    // A parent without a start is of before the run, and so is its child.
                    begun: start_ns > 0,
                    ..*place
                };
                self.threads.insert(*child_tid, child);
            }
            EventKind::Exit { .. } => {
                self.threads.remove(&tid);
            }
            EventKind::Exec | EventKind::Touch(_) => {}
        }
        moved
    }

    /// The threads of a service, and the place of the call that should come next of each.
    pub(super) fn of(&self, service: ServiceId) -> impl Iterator<Item = (ThreadKey, u64)> {
        let own = self.threads.iter();
        let own = own.filter(move |(_, place)| place.service == Some(service));
        own.map(|(&tid, place)| {
            let thread = ThreadKey {
                tgid: place.tgid,
                tid,
                start_ns: place.start_ns,
            };
            (thread, place.next_seq)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Moved, Whereabouts};
    use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

    fn event(tid: u32, start_ns: u64, kind: EventKind) -> Event {
        Event {
            thread: ThreadKey {
                tgid: tid,
                tid,
                start_ns,
            },
            service: ServiceId::NONE,
            comm: Comm::default(),
            time_ns: 1,
            kind,
        }
    }

    fn calls(first_seq: u64, count: usize) -> EventKind {
        let call = Call {
            abi: Abi::X86_64,
            number: 39,
        };
        EventKind::Calls(Stretch {
            first_seq,
            last_ns: 1,
            calls: vec![call; count],
        })
    }

    #[test]
    fn who_joins_another_service_is_told_where_it_stands() {
        let mut threads = Whereabouts::default();
        let fork = EventKind::Fork {
            child_tgid: 8,
            child_tid: 8,
        };
        assert_eq!(threads.note(&event(7, 1, fork), None), None);
        assert_eq!(threads.note(&event(8, 5, calls(0, 30)), None), None);
        assert_eq!(threads.note(&event(8, 5, EventKind::Exec), Some(3)), {
            Some(Moved {
                from: None,
                next_seq: 30,
                begun: true,
            })
        });
        assert_eq!(threads.note(&event(8, 5, calls(30, 2)), Some(3)), None);
        let moved = threads.note(&event(8, 5, calls(40, 1)), Some(4));
        assert_eq!(moved.map(|it| (it.from, it.next_seq)), Some((Some(3), 32)));
    }

    #[test]
    fn one_that_makes_very_many_threads_makes_no_other_forgotten() {
        let mut threads = Whereabouts::with_room_for(100);
        assert_eq!(threads.note(&event(7, 1, calls(0, 30)), Some(1)), None);
        for tid in 1000..5000 {
            threads.note(&event(tid, 1, calls(0, 1)), Some(2));
        }
        assert!(threads.threads.len() <= 100);
        let moved = threads.note(&event(7, 1, calls(30, 1)), Some(3));
        assert_eq!(moved.map(|it| (it.from, it.next_seq)), Some((Some(1), 30)));
    }

    #[test]
    fn another_thread_of_the_same_number_joins_nothing() {
        let mut threads = Whereabouts::default();
        assert_eq!(threads.note(&event(7, 1, calls(0, 30)), Some(1)), None);
        assert_eq!(threads.note(&event(7, 2, calls(0, 1)), Some(2)), None);
        let exit = EventKind::Exit { count: 1 };
        assert_eq!(threads.note(&event(7, 2, exit), Some(2)), None);
        assert!(threads.threads.is_empty());
    }
}
