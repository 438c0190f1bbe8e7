//! A recording's calls, thread by thread.

use std::path::Path;

use anyhow::Result;
use monitor::detect::threads::Threads;
use monitor::syscall::event::{Call, Comm, Event, EventKind, ThreadKey, made_at};
use monitor::syscall::table;

/// Threads that are followed at once; of more, the one that was idle longest is forgotten.
const MOST_THREADS: usize = 1 << 16;

/// What comes next in a recording.
#[derive(Debug)]
pub enum Step<'a> {
    /// A thread made calls.
    Calls(Piece<'a>),
    /// A thread ended.
    Ended(ThreadKey),
}

/// New calls of one thread in a row.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The thread.
    pub thread: ThreadKey,
    /// Its name.
    pub comm: Comm,
    /// Where state about it can be kept: a small number that another thread may have later.
    pub slot: usize,
    /// Whether the thread is new in its slot.
    pub begins: bool,
    /// Whether the first call does not follow on those before it: the thread is new, or calls are
    /// missing.
    pub restarts: bool,
    stretch: &'a [Call],
    repeated: usize,
    times: (u64, u64),
}

impl<'a> Piece<'a> {
    /// The calls, each with its place in the stretch that [`Piece::made_ns`] asks for.
    /// `restart_syscall` is left out, as the monitor leaves it out.
    pub fn calls(&self) -> impl Iterator<Item = (usize, Call)> + use<'a> {
        let repeated = self.repeated;
        let calls = self.stretch.iter().copied().enumerate().skip(repeated);
        calls.filter(|&(_, call)| !table::is_restart(call))
    }

    /// When the call at a place was made, by the monitor's own rule.
    #[must_use]
    pub fn made_ns(&self, place: usize) -> u64 {
        made_at(self.times, place, self.stretch.len())
    }
}

/// The span of a recording, and what it lacks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Span {
    /// When its first event was, nanoseconds of `CLOCK_MONOTONIC`; 0 when it has none.
    pub first_ns: u64,
    /// When its last was.
    pub last_ns: u64,
    /// Calls that its recorder lost.
    pub lost: u64,
}

impl Span {
    /// Its length, seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.last_ns.saturating_sub(self.first_ns) as f64 / 1e9
    }
}

/// Reads a recording once, from its begin to its end.
///
/// # Errors
///
/// The recording cannot be read.
pub fn walk(recording: &Path, mut step: impl FnMut(Step<'_>)) -> Result<Span> {
    let mut threads = Threads::new(MOST_THREADS);
    let mut times: Option<(u64, u64)> = None;
    let mut source = monitor::trace::open(recording, None)?;
    for event in &mut source {
        let Event {
            thread,
            comm,
            time_ns,
            kind,
            ..
        } = event?;
        let (first, last) = times.unwrap_or((time_ns, time_ns));
        times = Some((first.min(time_ns), last.max(time_ns)));
        match kind {
            EventKind::Calls(stretch) if !stretch.calls.is_empty() => {
                let known = threads.find(thread);
                let slot = known.unwrap_or_else(|| admit(&mut threads, thread, comm));
                threads.touch(slot);
                let next = threads
                    .entry_mut(slot)
                    .advance(stretch.first_seq, stretch.calls.len());
                times = times.map(|(first, last)| (first, last.max(stretch.last_ns)));
                step(Step::Calls(Piece {
                    thread,
                    comm,
                    slot: slot as usize,
                    begins: known.is_none(),
                    restarts: next.restarts,
                    stretch: &stretch.calls,
                    repeated: next.repeated,
                    times: (time_ns, stretch.last_ns),
                }));
            }
            EventKind::Exit { .. } => {
                if let Some(slot) = threads.find(thread) {
                    threads.remove(slot);
                    threads.release(slot);
                }
                step(Step::Ended(thread));
            }
            _ => {}
        }
    }
    let (first_ns, last_ns) = times.unwrap_or_default();
    Ok(Span {
        first_ns,
        last_ns,
        lost: source.summary().lost.values().sum(),
    })
}

fn admit(threads: &mut Threads, thread: ThreadKey, comm: Comm) -> u32 {
    if threads.is_full()
        && let Some(slot) = threads.longest_idle()
    {
        threads.evict(slot);
        threads.release(slot);
    }
    threads.add(thread, comm).0
}
