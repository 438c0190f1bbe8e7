//! Reads what the probe sends until an end comes.

use std::os::fd::AsFd;

use tokio::{
    io::{Interest, unix::AsyncFd},
    time::{MissedTickBehavior, interval},
};

use super::{listening::Signals, options::Options};
use crate::{
    live::{
        command::Running,
        error::{ProbeError, WatchError},
        reader::Reader,
    },
    pipeline::Feed,
};

/// Why a run ended.
pub(super) enum Ending {
    /// No watched process is left.
    TargetsGone,
    /// By the duration, or because nobody listens any more.
    Asked,
    /// By this signal.
    Signal(libc::c_int),
}

/// Reads until an end comes.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one thing that the loop waits for or looks at"
)]
pub(super) async fn until_end(
    reader: &mut Reader,
    options: &Options,
    mut signals: Signals,
    command: Option<&(u32, Running)>,
    alive: impl Fn() -> bool,
    mut hang_up: Option<&mut Box<dyn FnMut()>>,
    mut look_at_cgroup: impl FnMut() -> Result<(), ProbeError>,
    feed: &Feed,
) -> Result<Ending, WatchError> {
    // A descriptor of its own, so that waiting for the ring and reading it do not exclude each
    // other.
    let ring = reader.readers.ring.as_fd().try_clone_to_owned()?;
    // SAFETY: the descriptor is owned by the `AsyncFd`, so it stays open and the same as long.
    let readiness = unsafe { AsyncFd::register_with_interest(ring, Interest::READABLE) };
    let readiness = readiness.map_err(std::io::Error::from)?;
    let mut ticks = interval(options.flush_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = options
        .duration
        .map(|duration| tokio::time::Instant::now() + duration);
    let mut asked_to_end = false;
    let mut was_alive = true;
    loop {
        tokio::select! {
            ready = readiness.readable() => {
                ready?.clear_ready();
                reader.empty_ring(feed);
            }
            _ = ticks.tick() => {
                // Asked before reading: whatever the last process did is in the maps by then.
                let alive = alive();
                look_at_cgroup()?;
                reader.look(feed)?;
                // A walk over a table that changes may miss an entry, but hardly twice.
                if !alive && !was_alive {
                    return Ok(Ending::TargetsGone);
                }
                was_alive = alive;
            }
            number = signals.next() => {
                if number == libc::SIGHUP
                    && let Some(hang_up) = &mut hang_up
                {
                    hang_up();
                    continue;
                }
                let Some((pid, _)) = command else { return Ok(Ending::Signal(number)) };
                if asked_to_end || command.is_some_and(|(_, running)| running.is_finished()) {
                    return Ok(Ending::Signal(number));
                }
                asked_to_end = true;
                pass_on(number, *pid);
            }
            () = sleep_until(end) => return Ok(Ending::Asked),
        }
        if !feed.is_open() {
            return Ok(Ending::Asked);
        }
    }
}

async fn sleep_until(end: Option<tokio::time::Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Passes a signal on to the command, unless the terminal has given it to both already.
fn pass_on(number: libc::c_int, pid: u32) {
    // SAFETY: none of the three takes a pointer.
    unsafe {
        let from_terminal = number == libc::SIGINT && libc::tcgetpgrp(0) == libc::getpgrp();
        if !from_terminal {
            libc::kill(pid as libc::pid_t, number);
        }
    }
}
