//! One pass over the events of a service.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::detail::{Touch, Written};
use crate::detect::threads::Threads;
use crate::profile::Profile;
use crate::profile::class::Class;
use crate::profile::known::family;
use crate::profile::ngram::Cursor;
use crate::profile::provenance::Origin;
use crate::profile::sightings::Place;
use crate::profile::touched::{News, Sighting};
use crate::profile::vocabulary::Vocabulary;
use crate::syscall::event::{Comm, Event, EventKind, Stretch, ThreadKey};
use crate::syscall::table;

/// Bytes that are kept to be held out, at most. What comes after is learned and not validated.
pub const MOST_KEPT: usize = 64 << 20;

/// The same of one service among many.
pub const MOST_KEPT_AMONG_MANY: usize = 1 << 20;

/// The part of the memory that the process could still have that is kept to be held out.
const PART: u64 = 8;

/// Bytes of a life without its calls: itself, the least that its runs take, and what the allocator adds.
const LIFE: usize = size_of::<Life>() + 4 * size_of::<Run>() + 32;

/// Bytes of a run without its calls, with the place that a growing list leaves free.
const RUN: usize = 2 * size_of::<Run>() + 32;

/// Calls after which the time is noted.
const STEP: usize = 256;

/// Bytes of a call, with the place that a growing list leaves free.
const CALL: usize = 2 * size_of::<u16>();

/// Threads that are followed at once.
const MOST_THREADS: usize = 1 << 16;

/// Children that were announced and made no call yet, at most.
const MOST_CHILDREN: usize = 1 << 16;

/// How a life came to be: what is known of it before it does anything.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Kind {
    /// The first name, as [`family`] makes it.
    pub first: Comm,
    /// The last name: what it became by exec, or called itself.
    pub last: Comm,
    /// Whether it was seen to begin.
    pub begun: bool,
}

/// Calls without a gap between them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Run {
    /// The place of the first in its thread.
    pub first_seq: u64,
    /// The calls, `restart_syscall` left out.
    pub tokens: Vec<u16>,
    /// How much had been learned when the first came
    /// ([`exposure`](crate::profile::sightings::Learned::exposure)).
    pub began: f32,
    /// The same of every 256th call after it.
    pub times: Vec<f32>,
}

impl Run {
    /// How many of the calls came before so much was learned, up to 256 more.
    #[must_use]
    pub fn before(&self, exposure: f32) -> usize {
        if self.began >= exposure {
            return 0;
        }
        let steps = self.times.partition_point(|&time| time < exposure) + 1;
        (steps * STEP).min(self.tokens.len())
    }
}

/// One life of a thread.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Life {
    /// Its kind.
    pub kind: Kind,
    /// Its calls.
    pub runs: Vec<Run>,
    /// Whether nothing of it was left out for want of room.
    pub is_whole: bool,
}

/// How learning stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Calls learned.
    pub calls: u64,
    /// Lives of threads begun.
    pub lives: u64,
    /// Calls that are missing.
    pub lost: u64,
    /// Calls that were learned but are not kept to be held out, as there is no more room.
    pub not_kept: u64,
    /// From the first event to the last, seconds.
    pub seconds: f64,
    /// New n-grams per thousand calls now.
    pub novelty: Option<f64>,
}

impl Progress {
    /// What was learned, as a profile keeps it of a source that has no name and no digest.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            calls: self.calls,
            lives: self.lives,
            lost: self.lost,
            seconds: self.seconds,
            ..Origin::default()
        }
    }
}

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
    /// Children announced by a fork and not seen yet, by tgid and tid: whether the start of who made them is known.
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

    /// Goes on with what `profile` knows and the lives that were kept of it, and keeps at most `most` bytes of them.
    #[must_use]
    pub fn resume(profile: Profile, lives: Vec<Life>, most: usize) -> Self {
        let bytes = |run: &Run| RUN + CALL * run.tokens.len();
        let bytes = |life: &Life| LIFE + life.runs.iter().map(bytes).sum::<usize>();
        let kept: usize = lives.iter().map(bytes).sum();
        Self {
            room: most.saturating_sub(kept),
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

    /// A thread that was another service's up to the call at `seq` is this one's from there on: nothing before is missing.
    /// `begun` tells whether it was seen to begin.
    pub fn expect(&mut self, thread: ThreadKey, seq: u64, begun: bool) {
        self.threads.expect(thread, seq);
        if begun && self.children.len() < MOST_CHILDREN {
            self.children.insert((thread.tgid, thread.tid), true);
        }
    }

    fn touch(&mut self, thread: ThreadKey, touch: &Touch) {
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

    /// Nanoseconds by which the latest event is later than those before.
    fn pass(&mut self, time_ns: u64) -> u64 {
        if time_ns == 0 {
            return 0;
        }
        let (first, latest) = self.span_ns.unwrap_or((time_ns, time_ns));
        self.span_ns = Some((first.min(time_ns), latest.max(time_ns)));
        time_ns.saturating_sub(latest)
    }

    #[expect(clippy::cast_precision_loss, reason = "a time need not be exact")]
    fn push_calls(&mut self, event: &Event, stretch: &Stretch, passed_ns: u64) {
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

    /// Begins a run after a gap, in the place of one that has no call yet.
    fn begin_run(&mut self, life: usize, first_seq: u64) {
        let room = self.room.checked_sub(RUN);
        let Some(life) = self.lives.get_mut(life) else {
            return;
        };
        match (life.runs.last_mut(), room) {
            (Some(run), _) if run.tokens.is_empty() => run.first_seq = first_seq,
            (_, Some(room)) => {
                self.room = room;
                life.runs.push(Run {
                    first_seq,
                    ..Run::default()
                });
            }
            // What follows is not of the run before: the life ends here.
            (_, None) => life.is_whole = false,
        }
    }

    /// Keeps a call of a life of which `kept` are. No life takes more room than it leaves to those to come, so that a thread
    /// that goes on for ever does not keep the beginnings of others from being seen.
    fn keep(&mut self, life: usize, kept: &mut usize, token: u32) {
        let room = self.room.checked_sub(CALL).filter(|&it| it >= CALL * *kept);
        let life = self.lives.get_mut(life).filter(|life| life.is_whole);
        let run = life.and_then(|life| life.runs.last_mut());
        match (run, room) {
            (Some(run), Some(room)) => {
                if run.tokens.len().is_multiple_of(STEP) {
                    #[expect(clippy::cast_possible_truncation, reason = "a time need not be exact")]
                    let now = self.profile.known.learned().exposure() as f32;
                    if run.tokens.is_empty() {
                        run.began = now;
                    } else {
                        run.times.push(now);
                    }
                }
                // A vocabulary has SIZE tokens.
                run.tokens
                    .push(u16::try_from(token).unwrap_or(Vocabulary::UNSEEN as u16));
                self.room = room;
                *kept += 1;
            }
            _ => self.progress.not_kept += 1,
        }
    }

    /// [`family`], which is asked for every event and mostly for the name before.
    fn family(&mut self, comm: Comm) -> Comm {
        if self.before.0 != comm {
            self.before = (comm, family(comm));
        }
        self.before.1
    }

    fn admit(&mut self, key: ThreadKey, comm: Comm) -> u32 {
        if self.threads.is_full()
            && let Some(slot) = self.threads.longest_idle()
        {
            self.threads.evict(slot);
            self.threads.release(slot);
        }
        let (slot, _) = self.threads.add(key, comm);
        let life = self.lives.len();
        let first = self.family(comm);
        // In a source that knows when threads began, a parent without a start is of before it, and so is its child.
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
