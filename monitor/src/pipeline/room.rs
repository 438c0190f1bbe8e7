//! How much may wait to be scored, and who may have how much of it.
//!
//! One thread that floods must not hide others. So a thread may hold at most as much of the queue
//! as is left free: the *dynamic threshold* of Choudhury and Hahne, "Dynamic queue length
//! thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6 (2), 1998.
//! With k threads that flood, each gets 1/(k+1) of the queue, and as much stays free for those that
//! begin or are slow. The same holds for processes, as one may flood by many threads. A thread that
//! has little waiting is let in even then, and past the limit up to a second one. A service that makes very many threads fills
//! that as well: beyond it the others have a reserve of their own.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::syscall::event::{Event, EventKind, ThreadKey};

/// Bytes of memory that one unit of weight stands for: those of a call.
const UNIT: u64 = 8;

/// Units of an event beside its calls: what its thread, name, times and allocations take.
const EVENT: u64 = 16;

/// How long what waits may take to be scored: a verdict is hardly older.
const WAITS: Duration = Duration::from_secs(4);

/// Units that may wait however slow the scorer is.
const LEAST: u64 = 1 << 18;

/// Units that may wait however fast it is: 64 MiB.
const MOST: u64 = (64 << 20) / UNIT;

/// The part of the memory that the monitor could still have that the queue may take.
const PART: u64 = 16;

/// Units of what a call touched: a path, mostly.
const TOUCH: u64 = 32;

/// Units of a thread, and of a process, that are let in while others fill the queue.
const FEW_OF_THREAD: u64 = 1 << 10;
const FEW_OF_PROCESS: u64 = 1 << 11;

/// Services that are counted apart: they are numbered as they come.
const SERVICES: usize = 4096;

/// Counters of a row of a [`Sketch`].
const COLUMNS: usize = 4096;

/// What waits, by owner, in constant memory: a count-min sketch (Cormode and Muthukrishnan, 2005) of
/// three rows. It never tells less than there is; more, by chance, for fewer than one owner of a
/// million beside forty that flood.
struct Sketch {
    rows: [Box<[AtomicU64]>; 3],
    // Its keys are random: nobody can choose an id that stands where another's does.
    hash: RandomState,
}

impl Sketch {
    fn new() -> Self {
        let row = || (0..COLUMNS).map(|_| AtomicU64::new(0)).collect();
        Self {
            rows: [row(), row(), row()],
            hash: RandomState::new(),
        }
    }

    fn counters(&self, owner: impl std::hash::Hash) -> [&AtomicU64; 3] {
        let hash = self.hash.hash_one(owner) as usize;
        [
            &self.rows[0][hash % COLUMNS],
            &self.rows[1][hash / COLUMNS % COLUMNS],
            &self.rows[2][hash / COLUMNS / COLUMNS % COLUMNS],
        ]
    }

    fn get(&self, owner: impl std::hash::Hash) -> u64 {
        let counts = self.counters(owner).map(|counter| counter.load(Relaxed));
        counts.into_iter().min().unwrap_or(0)
    }

    fn add(&self, owner: impl std::hash::Hash, weight: u64) {
        for counter in self.counters(owner) {
            counter.fetch_add(weight, Relaxed);
        }
    }

    fn remove(&self, owner: impl std::hash::Hash, weight: u64) {
        for counter in self.counters(owner) {
            counter.fetch_sub(weight, Relaxed);
        }
    }
}

/// The room of the queue. The source alone adds, the scorer alone removes.
pub(super) struct Room {
    most: u64,
    limit: AtomicU64,
    held: AtomicU64,
    threads: Sketch,
    processes: Sketch,
    services: Box<[AtomicU64]>,
}

impl Room {
    /// The room of a host on which the monitor could have so many more bytes of memory.
    pub fn new(spare_bytes: u64) -> Self {
        let most = (spare_bytes / PART / UNIT).clamp(LEAST, MOST);
        Self {
            most,
            // Until it is known how fast the scorer is.
            limit: AtomicU64::new(LEAST),
            held: AtomicU64::new(0),
            threads: Sketch::new(),
            processes: Sketch::new(),
            services: (0..SERVICES).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn service(&self, event: &Event) -> &AtomicU64 {
        &self.services[event.service.0 as usize % SERVICES]
    }

    /// Whether more comes than is scored.
    pub fn is_pressed(&self) -> bool {
        self.held.load(Relaxed) > self.limit.load(Relaxed) / 4
    }

    /// Lets an event in if there is room for its thread.
    pub fn admit(&self, event: &Event) -> bool {
        let weight = weight(event);
        let held = self.held.load(Relaxed);
        let limit = self.limit.load(Relaxed);
        let reserved = |from: u64| self.has_reserve(event, weight, held, from);
        let admitted = match &event.kind {
            EventKind::Calls(_) | EventKind::Touch(_) => {
                held == 0 || self.has_room(event.thread, weight, held) || reserved(2 * limit)
            }
            // Without these the streams of others would be wrong, and they are few.
            _ => held + weight <= 4 * limit || reserved(4 * limit),
        };
        if admitted {
            self.enter(event);
        }
        admitted
    }

    fn has_room(&self, thread: ThreadKey, weight: u64, held: u64) -> bool {
        let limit = self.limit.load(Relaxed);
        let of_thread = self.threads.get(thread) + weight;
        let is_few = of_thread <= FEW_OF_THREAD;
        if held + weight > limit {
            let of_process = self.processes.get(thread.tgid) + weight;
            return is_few && of_process <= FEW_OF_PROCESS && held + weight <= 2 * limit;
        }
        let free = limit - held;
        is_few || of_thread <= free && self.processes.get(thread.tgid) + weight <= 2 * free
    }

    /// Whether an event of a service that others keep from the queue finds room in what is reserved for such: half of the limit
    /// beyond where the queue ends for all, shared by the same rule.
    fn has_reserve(&self, event: &Event, weight: u64, held: u64, from: u64) -> bool {
        let limit = self.limit.load(Relaxed);
        let of_service = self.service(event).load(Relaxed);
        let of_others = held.saturating_sub(of_service);
        let free = (from + limit / 2).saturating_sub(held);
        of_others > limit && of_service + weight <= free
    }

    /// Notes that an event waits, from a source that waits itself.
    pub fn enter(&self, event: &Event) {
        let weight = weight(event);
        self.held.fetch_add(weight, Relaxed);
        self.threads.add(event.thread, weight);
        self.processes.add(event.thread.tgid, weight);
        self.service(event).fetch_add(weight, Relaxed);
    }

    /// Notes that an event waits no longer.
    pub fn leave(&self, event: &Event) {
        let weight = weight(event);
        self.held.fetch_sub(weight, Relaxed);
        self.threads.remove(event.thread, weight);
        self.processes.remove(event.thread.tgid, weight);
        self.service(event).fetch_sub(weight, Relaxed);
    }

    /// Sizes the room by how fast the scorer is: so much was scored in so much of its own CPU time.
    /// That it had to wait for a core does not count: it will catch up.
    pub fn scored(&self, weight: u64, took: Duration) {
        if weight < EVENT * 64 || took.is_zero() {
            return;
        }
        let now = (u128::from(weight) * WAITS.as_nanos() / took.as_nanos())
            .min(u128::from(self.most)) as u64;
        let now = now.max(LEAST);
        let before = self.limit.load(Relaxed);
        // By an eighth of the way: one slow round, such as one that loads a page, changes little.
        self.limit.store(before - before / 8 + now / 8, Relaxed);
    }
}

/// How much of the room an event takes.
pub(super) fn weight(event: &Event) -> u64 {
    match &event.kind {
        EventKind::Calls(stretch) => EVENT + stretch.calls.len() as u64,
        EventKind::Touch(_) => EVENT + TOUCH,
        _ => EVENT,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LEAST, MOST, Room};
    use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

    fn stretch(tgid: u32, tid: u32, calls: usize) -> Event {
        let call = Call {
            abi: Abi::X86_64,
            number: 39,
        };
        Event {
            thread: ThreadKey {
                tgid,
                tid,
                start_ns: 1,
            },
            comm: Comm::new(b"test"),
            service: ServiceId::NONE,
            time_ns: 0,
            kind: EventKind::Calls(Stretch {
                first_seq: 0,
                last_ns: 0,
                calls: vec![call; calls],
            }),
        }
    }

    /// Fills the room with stretches of these threads until none of them is let in.
    fn flood(room: &Room, threads: &[(u32, u32)]) {
        loop {
            let admitted = threads
                .iter()
                .filter(|&&(tgid, tid)| room.admit(&stretch(tgid, tid, 32)))
                .count();
            if admitted == 0 {
                return;
            }
        }
    }

    #[test]
    fn beside_any_number_of_threads_that_flood_a_new_one_is_let_in() {
        for processes in [1, 4, 64] {
            for threads in [1, 16] {
                let room = Room::new(0);
                let flooding: Vec<_> = (0..processes)
                    .flat_map(|tgid| (0..threads).map(move |tid| (tgid, tgid * 1000 + tid)))
                    .collect();
                flood(&room, &flooding);
                for victim in 0..20 {
                    // One of a flooding process too, unless there are very many of those: what it
                    // floods with is not to hide it.
                    let mut tgids = vec![500_000 + victim];
                    tgids.extend((processes <= 4).then_some(0));
                    for tgid in tgids {
                        let event = stretch(tgid, 600_000 + victim, 400);
                        assert!(room.admit(&event), "{processes} {threads} {victim}");
                    }
                }
            }
        }
    }

    #[test]
    fn those_that_flood_share_what_they_take_alike() {
        let room = Room::new(0);
        let flooding: Vec<_> = (1..=4).map(|tgid| (tgid, tgid)).collect();
        flood(&room, &flooding);
        for (tgid, tid) in flooding {
            let key = stretch(tgid, tid, 0).thread;
            let part = room.threads.get(key) as f64 / LEAST as f64;
            assert!((part - 0.2).abs() < 0.01, "{part}");
        }
    }

    #[test]
    fn what_leaves_makes_room_and_the_counts_return_to_nothing() {
        let room = Room::new(0);
        let event = stretch(1, 1, 32);
        let mut held = 0;
        while room.admit(&event) {
            held += 1;
        }
        assert!(room.is_pressed());
        (0..held).for_each(|_| room.leave(&event));
        assert!(!room.is_pressed());
        assert_eq!(room.threads.get(event.thread), 0);
        assert!(room.admit(&event));
    }

    #[test]
    fn forks_and_exits_are_let_in_past_the_limit_but_not_without_end() {
        let room = Room::new(0);
        flood(&room, &[(1, 1)]);
        let mut exit = stretch(1, 1, 0);
        exit.kind = EventKind::Exit { count: 1 };
        let mut admitted = 0_u64;
        while room.admit(&exit) {
            admitted += 1;
        }
        assert!((1000..=4 * LEAST).contains(&admitted), "{admitted}");
    }

    #[test]
    fn a_service_of_very_many_threads_leaves_the_others_their_reserve() {
        let room = Room::new(0);
        let of = |service, mut event: Event| {
            event.service = ServiceId(service);
            event
        };
        let exit = |tid| {
            let mut event = stretch(tid, tid, 0);
            event.kind = EventKind::Exit { count: 1 };
            event
        };
        // A fork bomb: nobody in it has much.
        let bomb = |tid: u32| room.admit(&of(1, stretch(tid, tid, 32)));
        let mut bombs = (1..).take_while(|&tid| bomb(tid)).count();
        assert!(bombs > 10_000, "{bombs}");
        for victim in 0..20 {
            let tid = 1_000_000 + victim;
            assert!(room.admit(&of(2, stretch(tid, tid, 400))), "{victim}");
        }
        // The one that floods has none of it.
        assert!(!room.admit(&of(1, stretch(2_000_000, 2_000_000, 32))));
        bombs = (1..)
            .take_while(|&tid| room.admit(&of(1, exit(tid))))
            .count();
        assert!(bombs > 10_000, "{bombs}");
        assert!(room.admit(&of(2, exit(1_000_000))));
        assert!(room.admit(&of(3, exit(3_000_000))));
    }

    #[test]
    fn the_room_follows_the_scorers_speed_and_the_memory() {
        let room = Room::new(u64::MAX);
        // A microsecond a unit, in as small rounds as there are.
        (0..200).for_each(|_| room.scored(2_000, Duration::from_micros(2_000)));
        let limit = room.limit.load(std::sync::atomic::Ordering::Relaxed);
        assert!((3_900_000..4_100_000).contains(&limit), "{limit}");
        (0..200).for_each(|_| room.scored(2_000, Duration::from_secs(1)));
        let limit = room.limit.load(std::sync::atomic::Ordering::Relaxed);
        assert!((LEAST..LEAST + 1000).contains(&limit), "{limit}");
        (0..200).for_each(|_| room.scored(1 << 20, Duration::from_nanos(1)));
        let limit = room.limit.load(std::sync::atomic::Ordering::Relaxed);
        assert!((MOST - 1000..=MOST).contains(&limit), "{limit}");
        assert_eq!(Room::new(100 << 20).most, (100 << 20) / 16 / 8);
    }
}
