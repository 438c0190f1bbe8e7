//! Threads as STIDE follows them.

use monitor::profile::ORDER;

use super::episode::Episode;
use super::walk::Piece;
use evaluation::stide::Window;

/// Calls of a sequence: as many as of the profile's n-grams.
pub const N: u32 = ORDER as u32;

/// A thread as STIDE follows it.
#[derive(Clone, Copy, Debug)]
pub struct Thread {
    pub life: usize,
    /// Calls so far.
    pub calls: u64,
    pub window: Window,
    pub episode: Episode,
}

impl Thread {
    fn new(life: usize) -> Self {
        Self {
            life,
            calls: 0,
            window: Window::new(N),
            episode: Episode::default(),
        }
    }
}

/// Threads by slot.
pub type Threads = Vec<Option<Thread>>;

/// The thread of a piece, which is a new life's when the piece begins one.
pub fn follow<'a>(
    threads: &'a mut Threads,
    piece: &Piece<'_>,
    life: impl FnOnce() -> usize,
) -> &'a mut Thread {
    if threads.len() <= piece.slot {
        threads.resize(piece.slot + 1, None);
    }
    let place = &mut threads[piece.slot];
    if piece.begins {
        *place = None;
    }
    let thread = place.get_or_insert_with(|| Thread::new(life()));
    if piece.restarts {
        thread.window = Window::new(N);
    }
    thread
}
