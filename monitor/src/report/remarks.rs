//! What the monitor says about itself on standard error, without ever waiting for its reader.
//!
//! A terminal stopped by Ctrl-S, or a pipe that nobody reads, blocks whoever writes to it. So one
//! thread writes, and everybody else hands it lines.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

/// Lines that may wait; those beyond are left out, and how many is said later.
const WAITING: usize = 256;

/// How many lines were handed over and written.
#[derive(Default)]
struct Progress {
    handed: u64,
    done: u64,
    left_out: u64,
}

type Shared = Arc<(Mutex<Progress>, Condvar)>;

struct Voice {
    lines: Sender<Vec<u8>>,
    progress: Shared,
}

fn voice() -> Option<&'static Voice> {
    static VOICE: OnceLock<Option<Voice>> = OnceLock::new();
    VOICE.get_or_init(start).as_ref()
}

fn start() -> Option<Voice> {
    let (lines, incoming) = bounded(WAITING);
    let progress = Shared::default();
    let theirs = Arc::clone(&progress);
    let thread = thread::Builder::new().name("remarks".into());
    let started = thread.spawn(move || write(&incoming, &theirs));
    started.ok().map(|_| Voice { lines, progress })
}

fn write(incoming: &Receiver<Vec<u8>>, (progress, done): &(Mutex<Progress>, Condvar)) {
    #[cfg(feature = "live")]
    // Writing to a descriptor that is open needs no right; a failure leaves what there was.
    let _ = crate::live::privileges::give_up(&crate::live::privileges::Needs::default());
    for line in incoming {
        let left_out = {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut progress.left_out)
        };
        // There is no place left to tell a failure of standard error.
        let _ = io::stderr().write_all(&line);
        if left_out > 0 {
            let _ = writeln!(io::stderr(), "monitor: {left_out} messages were left out");
        }
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.done += 1;
        drop(progress);
        done.notify_all();
    }
}

/// Says one line. Whatever could steer a terminal is escaped.
pub fn remark(what: &str) {
    let mut line = String::from("monitor: ");
    for c in what.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    hand_over(line.into_bytes());
}

/// Asks something, without an end of the line; false when it is not shown after `timeout`, so that
/// nobody can answer.
pub fn ask(question: &str, timeout: Duration) -> bool {
    hand_over(question.as_bytes().to_vec());
    flush(timeout)
}

/// Takes lines as they are: for a logger.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemarkWriter;

impl Write for RemarkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        hand_over(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hand_over(line: Vec<u8>) {
    let Some(voice) = voice() else {
        let _ = io::stderr().write_all(&line);
        return;
    };
    let mut progress = voice
        .progress
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if voice.lines.try_send(line).is_ok() {
        progress.handed += 1;
    } else {
        progress.left_out += 1;
    }
}

/// Waits until all that was said is written; false when it is not after `timeout`.
pub fn flush(timeout: Duration) -> bool {
    let Some(voice) = voice() else { return true };
    let (progress, done) = &*voice.progress;
    let deadline = Instant::now() + timeout;
    let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
    while progress.done < progress.handed {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let waited = done.wait_timeout(progress, left);
        progress = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    true
}
