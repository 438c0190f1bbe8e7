//! Ctrl-C: the suite ends by an error, so that every guard cleans up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on, Ctrl-C and SIGTERM only ask to stop.
///
/// # Errors
/// The handler cannot be set.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| ASKED.store(true, Ordering::Relaxed)).context("cannot handle Ctrl-C")
}

/// An error once the user has asked to stop.
///
/// # Errors
/// Then.
pub fn check() -> Result<()> {
    if ASKED.load(Ordering::Relaxed) {
        bail!("stopped by the user");
    }
    Ok(())
}

/// Sleeps, and ends early when the user asks to stop.
///
/// # Errors
/// Then.
pub fn sleep(time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    loop {
        check()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(Duration::from_millis(100)));
    }
}
