//! A bar on the terminal that never holds up what it shows: one thread draws, and only that waits
//! for a terminal that takes nothing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::stderr_is_terminal;

/// How often it is drawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long the end waits for the bar to be taken away.
const LAST: Duration = Duration::from_millis(500);

#[derive(Default)]
struct State {
    position: AtomicU64,
    length: AtomicU64,
    message: Mutex<String>,
}

/// How far something is. Dropped, it is taken off the terminal.
pub struct Progress {
    state: Arc<State>,
    /// Nothing is sent: the thread sees that this end is gone, and drops its own.
    drawing: Option<(Sender<()>, Receiver<()>)>,
}

impl Progress {
    /// Shows how far `what` is, where standard error is a terminal.
    pub fn new(what: &'static str) -> Self {
        let state = Arc::<State>::default();
        let drawing = stderr_is_terminal()
            .then(|| start(what, Arc::clone(&state)))
            .flatten();
        Self { state, drawing }
    }

    /// One more is done; gives how many that are.
    pub fn add_one(&self) -> u64 {
        self.state.position.fetch_add(1, Relaxed) + 1
    }

    /// So many of all are done.
    pub fn set(&self, done: u64, all: u64) {
        self.state.position.store(done, Relaxed);
        self.state.length.store(all, Relaxed);
    }

    /// What is said beside the number.
    pub fn say(&self, message: String) {
        *self.state.message() = message;
    }
}

impl State {
    fn message(&self) -> std::sync::MutexGuard<'_, String> {
        self.message.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, ended)) = self.drawing.take() {
            drop(end);
            // Where the terminal takes nothing, the end of the process ends the thread.
            let _ = ended.recv_timeout(LAST);
        }
    }
}

fn start(what: &'static str, state: Arc<State>) -> Option<(Sender<()>, Receiver<()>)> {
    let (end, is_over) = bounded::<()>(0);
    let (done, ended) = bounded::<()>(0);
    let thread = thread::Builder::new().name("progress".into());
    let drawing = thread.spawn(move || {
        // Dropped when the bar is gone.
        let _done = done;
        let bar = bar(what);
        while is_over.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
            bar.set_length(state.length.load(Relaxed));
            bar.set_position(state.position.load(Relaxed));
            let message = state.message().clone();
            bar.set_message(message);
        }
        bar.finish_and_clear();
    });
    drawing.ok().map(|_| (end, ended))
}

fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_prefix(what);
    match ProgressStyle::with_template("{prefix} {human_pos} {msg} {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn what_is_done_is_counted_whether_it_is_drawn_or_not() {
        let progress = Progress::new("testing");
        assert_eq!(progress.add_one(), 1);
        progress.set(7, 9);
        progress.say("well".into());
        assert_eq!(progress.add_one(), 8);
    }
}
