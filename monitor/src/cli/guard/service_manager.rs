//! What a service manager hears.

use std::time::{Duration, Instant};

use monitor::guard::board::Board;
use sd_notify::NotifyState;

/// How often a service manager hears that the scorer lives.
const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// How often it hears how the host stands.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// Says that the probe is attached.
pub fn attached(board: Board) -> Box<dyn FnOnce()> {
    Box::new(move || {
        board.lock().attached = true;
        notify(&[
            NotifyState::Ready,
            NotifyState::Status("watching; no service seen yet"),
        ]);
    })
}

/// Tells a service manager that the scorer goes on, and how the host stands.
pub fn alive(board: Board) -> Box<dyn FnMut() + Send> {
    let (mut told, mut stated) = (None::<Instant>, None::<Instant>);
    Box::new(move || {
        let is_due = |last: Option<Instant>, every| last.is_none_or(|it| it.elapsed() >= every);
        if is_due(told, ALIVE_EVERY) {
            told = Some(Instant::now());
            notify(&[NotifyState::Watchdog]);
        }
        if is_due(stated, STATUS_EVERY) {
            stated = Some(Instant::now());
            let line = board.lock().line();
            notify(&[NotifyState::Status(&line)]);
        }
    })
}

/// Tells systemd, if it listens.
fn notify(states: &[NotifyState<'_>]) {
    // Without a service manager nobody listens, and that is fine.
    let _ = sd_notify::notify(states);
}

/// Says that the run ends.
pub fn ending() {
    notify(&[NotifyState::Stopping]);
}
