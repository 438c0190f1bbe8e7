//! A call that was never seen before, as a rule.

use std::collections::HashMap;

use monitor::syscall::event::{Call, ThreadKey};

use super::episode::Episode;
use super::walk::Piece;

/// Processes that made such calls and are remembered; past that all are forgotten.
const MOST_PROCESSES: usize = 1 << 16;

/// Such calls that are remembered of a process. A process that makes up more is known well enough.
const MOST_CALLS: usize = 64;

/// Which such calls each process has made.
#[derive(Clone, Debug, Default)]
pub struct NeverSeen {
    by_tgid: HashMap<u32, Vec<Call>>,
    /// By slot.
    episodes: Vec<Episode>,
}

impl NeverSeen {
    /// Makes ready for a thread's calls.
    pub fn follow(&mut self, piece: &Piece<'_>) {
        if self.episodes.len() <= piece.slot {
            self.episodes.resize(piece.slot + 1, Episode::default());
        }
        if piece.begins {
            self.episodes[piece.slot] = Episode::default();
        }
    }

    /// Takes the next call of a piece that is followed. True when it raises an alarm: it was never
    /// learned, this process did not make it before, and the thread has raised none lately.
    pub fn push(&mut self, piece: &Piece<'_>, call: Call, is_new: bool) -> bool {
        let first = is_new && self.is_first(piece.thread.tgid, call);
        self.episodes[piece.slot].push(first).contains(&0)
    }

    /// A thread ended; with the first of a process, its number may become another's.
    pub fn ended(&mut self, thread: ThreadKey) {
        if thread.tid == thread.tgid {
            self.by_tgid.remove(&thread.tgid);
        }
    }

    fn is_first(&mut self, tgid: u32, call: Call) -> bool {
        if self.by_tgid.len() >= MOST_PROCESSES && !self.by_tgid.contains_key(&tgid) {
            self.by_tgid.clear();
        }
        let made = self.by_tgid.entry(tgid).or_default();
        let first = made.len() < MOST_CALLS && !made.contains(&call);
        if first {
            made.push(call);
        }
        first
    }
}
