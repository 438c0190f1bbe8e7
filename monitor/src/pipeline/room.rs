//! How much may wait to be scored, and who may have how much of it.
//!
//! One thread that floods must not hide others. So a thread may hold at most as much of the queue
//! as is left free: the *dynamic threshold* of Choudhury and Hahne, "Dynamic queue length
//! thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6 (2), 1998.
//! With k threads that flood, each gets 1/(k+1) of the queue, and as much stays free for those that
//! begin or are slow. The same holds for processes, as one may flood by many threads. A thread that
//! has little waiting is let in even then, and past the limit up to a second one. A service that
//! makes very many threads fills that as well: beyond it the others have a reserve of their own.

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

/// Units that may wait however slow the scorer is, where nobody asks for more.
pub(super) const LEAST: u64 = 1 << 18;

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

/// What waits, by owner, in constant memory: a count-min sketch (Cormode and Muthukrishnan, 2005)
/// of three rows. It never tells less than there is; more, by chance, for fewer than one owner of a
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
    least: u64,
    most: u64,
    limit: AtomicU64,
    held: AtomicU64,
    threads: Sketch,
    processes: Sketch,
    services: Box<[AtomicU64]>,
}

impl Room {
    /// The room of a host on which the monitor could have so many more bytes of memory, and of
    /// which so many units may always be taken.
    pub(super) fn new(spare_bytes: u64, least: u64) -> Self {
        Self {
            least,
            most: most(spare_bytes, least),
            // Until it is known how fast the scorer is.
            limit: AtomicU64::new(least),
            held: AtomicU64::new(0),
            threads: Sketch::new(),
            processes: Sketch::new(),
            services: (0..SERVICES).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn service(&self, event: &Event) -> &AtomicU64 {
        &self.services[event.service.0 as usize % SERVICES]
    }

    /// Bytes that wait, about.
    pub(super) fn bytes(&self) -> u64 {
        self.held.load(Relaxed) * UNIT
    }

    /// Whether more comes than is scored.
    pub(super) fn is_pressed(&self) -> bool {
        self.held.load(Relaxed) > self.limit.load(Relaxed) / 4
    }

    /// Lets an event in if there is room for its thread.
    pub(super) fn admit(&self, event: &Event) -> bool {
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

    /// Whether an event of a service that others keep from the queue finds room in what is reserved
    /// for such: half of the limit beyond where the queue ends for all, shared by the same rule.
    fn has_reserve(&self, event: &Event, weight: u64, held: u64, from: u64) -> bool {
        let limit = self.limit.load(Relaxed);
        let of_service = self.service(event).load(Relaxed);
        let of_others = held.saturating_sub(of_service);
        let free = (from + limit / 2).saturating_sub(held);
        of_others > limit && of_service + weight <= free
    }

    /// Notes that an event waits, from a source that waits itself.
    pub(super) fn enter(&self, event: &Event) {
        let weight = weight(event);
        self.held.fetch_add(weight, Relaxed);
        self.threads.add(event.thread, weight);
        self.processes.add(event.thread.tgid, weight);
        self.service(event).fetch_add(weight, Relaxed);
    }

    /// Notes that an event waits no longer.
    pub(super) fn leave(&self, event: &Event) {
        let weight = weight(event);
        self.held.fetch_sub(weight, Relaxed);
        self.threads.remove(event.thread, weight);
        self.processes.remove(event.thread.tgid, weight);
        self.service(event).fetch_sub(weight, Relaxed);
    }

    /// Sizes the room by how fast the scorer is: so much was scored in so much of its own CPU time.
    /// That it had to wait for a core does not count: it will catch up.
    pub(super) fn scored(&self, weight: u64, took: Duration) {
        if weight < EVENT * 64 || took.is_zero() {
            return;
        }
        let now = (u128::from(weight) * WAITS.as_nanos() / took.as_nanos())
            .min(u128::from(self.most)) as u64;
        let now = now.max(self.least);
        let before = self.limit.load(Relaxed);
        // By an eighth of the way: one slow round, such as one that loads a page, changes little.
        self.limit.store(before - before / 8 + now / 8, Relaxed);
    }
}

/// Units that may wait where the monitor could have so many more bytes of memory.
pub(super) fn most(spare_bytes: u64, least: u64) -> u64 {
    (spare_bytes / PART / UNIT).clamp(least, MOST.max(least))
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
mod tests;
