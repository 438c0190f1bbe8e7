//! One pass over the events of a service.

mod calls;

mod touches;

mod life;

mod room;

mod progress;

use std::collections::{HashMap, HashSet};

use crate::detail::Written;
use crate::detect::threads::Threads;
use crate::profile::Profile;
use crate::profile::ngram::Cursor;
use crate::profile::provenance::Origin;
use crate::syscall::event::{Comm, Event, EventKind, ThreadKey};
pub use life::{Kind, Life, Run};
pub use progress::Progress;
pub use room::{MOST_KEPT, MOST_KEPT_AMONG_MANY};
use room::{PART, taken_by};

/// Threads that are followed at once.
const MOST_THREADS: usize = 1 << 16;

/// Children that were announced and made no call yet, at most.
const MOST_CHILDREN: usize = 1 << 16;

/// A life that goes on.
#[derive(Clone, Copy)]
struct Open {
    /// Tells it from every other of its source.
    number: u64,
    /// Its place among those that are kept.
    life: usize,
    /// Calls of it that are kept.
    kept: usize,
    cursor: Cursor,
}

/// Learns events as they come.
pub struct Census {
    profile: Profile,
    threads: Threads,
    /// By slot: its life, and where it stands.
    open: Vec<Open>,
    lives: Vec<Life>,
    /// Bytes that are left for lives.
    room: usize,
    /// Children announced by a fork and not seen yet, by tgid and tid: whether the start of who
    /// made them is known.
    children: HashMap<(u32, u32), bool>,
    progress: Progress,
    written: Written,
    /// Time of the first event and of the latest.
    span_ns: Option<(u64, u64)>,
    /// By first comm as it stands in an event: what it is as a family; asked for every event.
    before: (Comm, Comm),
}

impl Census {
    /// Begins with what `profile` knows already.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            threads: Threads::new(MOST_THREADS),
            open: Vec::new(),
            lives: Vec::new(),
            room: MOST_KEPT,
            children: HashMap::new(),
            progress: Progress::default(),
            written: Written::default(),
            span_ns: None,
            before: (Comm::default(), Comm::default()),
        }
    }

    /// Keeps no more to be held out than an eighth of so many bytes: of the memory that there is.
    #[must_use]
    pub fn within(mut self, spare_bytes: u64) -> Self {
        let part = usize::try_from(spare_bytes / PART).unwrap_or(MOST_KEPT);
        self.room = part.min(MOST_KEPT);
        self
    }

    /// Goes on with what `profile` knows and the lives that were kept of it, and keeps at most
    /// `most` bytes of them.
    #[must_use]
    pub fn resume(profile: Profile, lives: Vec<Life>, most: usize) -> Self {
        Self {
            room: most.saturating_sub(taken_by(&lives)),
            lives,
            ..Self::new(profile)
        }
    }

    /// Learns an event.
    pub fn push(&mut self, event: &Event) {
        let passed_ns = self.pass(event.time_ns);
        match &event.kind {
            EventKind::Calls(stretch) => self.push_calls(event, stretch, passed_ns),
            EventKind::Fork {
                child_tgid,
                child_tid,
            } => {
                if self.children.len() < MOST_CHILDREN {
                    let knows_start = event.thread.start_ns > 0;
                    self.children.insert((*child_tgid, *child_tid), knows_start);
                }
            }
            EventKind::Touch(touch) => self.touch(event.thread, touch),
            EventKind::Exec => {}
            EventKind::Exit { count } => {
                let seen = match self.threads.find(event.thread) {
                    Some(slot) => {
                        let entry = self.threads.remove(slot);
                        self.threads.release(slot);
                        entry.next_seq
                    }
                    // Nothing of it came, or it was forgotten.
                    None => self.threads.seen_before_eviction(event.thread).unwrap_or(0),
                };
                let missing = count.saturating_sub(seen);
                self.progress.lost = self.progress.lost.saturating_add(missing);
            }
        }
    }

    /// A thread that was another service's up to the call at `seq` is this one's from there on:
    /// nothing before is missing. `begun` tells whether it was seen to begin.
    pub fn expect(&mut self, thread: ThreadKey, seq: u64, begun: bool) {
        self.threads.expect(thread, seq);
        if begun && self.children.len() < MOST_CHILDREN {
            self.children.insert((thread.tgid, thread.tid), true);
        }
    }

    /// Nanoseconds by which the latest event is later than those before.
    fn pass(&mut self, time_ns: u64) -> u64 {
        if time_ns == 0 {
            return 0;
        }
        let (first, latest) = self.span_ns.unwrap_or((time_ns, time_ns));
        self.span_ns = Some((first.min(time_ns), latest.max(time_ns)));
        time_ns.saturating_sub(latest)
    }

    /// How learning stands.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a time need not be exact")]
    pub fn progress(&self) -> Progress {
        let (first, latest) = self.span_ns.unwrap_or_default();
        Progress {
            seconds: (latest - first) as f64 / 1e9,
            novelty: self.profile.novelty.now(),
            ..self.progress
        }
    }

    /// Calls of threads are over: another recording begins, whose threads are others.
    pub fn end_source(&mut self) -> Progress {
        let progress = self.progress();
        self.threads = Threads::new(MOST_THREADS);
        self.open.clear();
        self.children.clear();
        self.profile.known.end_source();
        self.progress = Progress::default();
        self.span_ns = None;
        progress
    }

    /// What is learned by now.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The lives that are kept to be held out.
    #[must_use]
    pub fn lives(&self) -> &[Life] {
        &self.lives
    }

    /// Whether two lives of one kind were seen to begin, so that a whole one can be held out.
    #[must_use]
    pub fn begun_twice(&self) -> bool {
        let mut kinds = HashSet::new();
        let mut begun = self.lives.iter().filter(|life| life.kind.begun);
        begun.any(|life| !kinds.insert(life.kind))
    }

    /// The name of the life that made the most calls of those kept.
    #[must_use]
    pub fn busiest_name(&self) -> Option<Comm> {
        let calls = |life: &&Life| life.runs.iter().map(|run| run.tokens.len()).sum::<usize>();
        Some(self.lives.iter().max_by_key(calls)?.kind.last)
    }

    /// Notes what was learned from.
    pub fn note(&mut self, origins: Vec<Origin>) {
        self.profile.provenance.origins.extend(origins);
    }

    /// What was learned, and the lives to hold out.
    #[must_use]
    pub fn into_parts(self) -> (Profile, Vec<Life>) {
        (self.profile, self.lives)
    }
}
