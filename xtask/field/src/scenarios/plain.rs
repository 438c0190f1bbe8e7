//! The two plain rules that the monitor is compared with, learned and judged on the same recordings
//! as it.
//!
//! *A call never seen before*: a process makes a call, of a table and a number, that the learning
//! recordings do not hold. *STIDE*: more of a thread's last 20 sequences of 6 calls than a
//! threshold were never seen (Hofmeyr, Forrest & Somayaji 1998). Its threshold is the lowest that
//! raises at most 0.1 alarms per million calls on lives left out of learning, or where none does,
//! as few as any does; attacks have no part in it. Both raise one alarm per thread and episode, as
//! the monitor does.

mod episode;
mod lives;
mod never_seen;
#[cfg(test)]
mod tests;
mod thread;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use monitor::profile::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};

use self::episode::FRAME;
use self::lives::Lives;
use self::never_seen::NeverSeen;
use self::thread::{N, Thread, Threads, follow};
use self::walk::{Span, Step, walk};
use evaluation::stide::Stide;

/// False alarms of STIDE on held-out lives, per call.
const ALLOWED: f64 = 0.1 / 1e6;

/// Different sequences that are learned at most, about 300 MB of them; what comes after is not
/// learned.
const MOST_SEQUENCES: usize = 1 << 22;

/// The part of what is never held out, beside those of the folds.
const NEVER_HELD_OUT: u8 = 1 << lives::FOLDS;

/// One alarm of any detector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Alarm {
    /// When the call that raised it was made, nanoseconds of `CLOCK_MONOTONIC`.
    pub time_ns: u64,
    /// The process.
    pub tgid: u32,
    /// Its thread.
    pub tid: u32,
}

/// What the rules were learned from.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Learned {
    /// Calls, `restart_syscall` left out.
    pub calls: u64,
    /// Sequences that were held out, each once, to choose STIDE's threshold.
    pub held_out: u64,
    /// Alarms that STIDE raises on them at the threshold chosen.
    pub held_out_alarms: u64,
    /// Lives of threads.
    pub threads: u64,
    /// The recordings' length, all together.
    pub seconds: f64,
    /// Calls that the recorder lost.
    pub lost: u64,
    /// Different calls.
    pub different_calls: u64,
    /// Different sequences.
    pub sequences: u64,
}

/// What the rules say of a recording.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Judged {
    /// Calls, `restart_syscall` left out.
    pub calls: u64,
    /// Calls that the recorder lost.
    pub lost: u64,
    /// When the first event was, nanoseconds of `CLOCK_MONOTONIC`.
    pub first_ns: u64,
    /// When the last was.
    pub last_ns: u64,
    /// Alarms of "a call never seen before".
    pub never_seen: Vec<Alarm>,
    /// Alarms of STIDE.
    pub stide: Vec<Alarm>,
}

/// The two rules, learned.
#[derive(Clone, Debug)]
pub struct Plain {
    vocabulary: Vocabulary,
    stide: Stide,
    threshold: u32,
    learned: Learned,
}

impl Plain {
    /// Learns both rules. Every recording is read three times; what is kept grows with different
    /// sequences and with threads, not with calls.
    ///
    /// # Errors
    ///
    /// A recording cannot be read, or they hold too many threads.
    pub fn learn(recordings: &[PathBuf]) -> Result<Self> {
        let mut vocabulary = Vocabulary::default();
        let mut lives = Lives::default();
        let mut learned = Learned::default();
        for recording in recordings {
            let span = census(recording, &mut vocabulary, &mut lives, &mut learned.calls)?;
            learned.seconds += span.seconds();
            learned.lost += span.lost;
        }
        lives.deal();
        let mut folds: HashMap<u128, u8> = HashMap::new();
        each_sequence(recordings, &vocabulary, &lives, |sequence, fold, _| {
            let seen = fold.map_or(NEVER_HELD_OUT, |fold| 1 << fold);
            if let Some(folds) = folds.get_mut(&sequence) {
                *folds |= seen;
            } else if folds.len() < MOST_SEQUENCES {
                folds.insert(sequence, seen);
            }
        })?;
        let mut alarms = [0u64; FRAME as usize];
        each_sequence(recordings, &vocabulary, &lives, |sequence, fold, thread| {
            let Some(fold) = fold else { return };
            learned.held_out += 1;
            let seen = folds.get(&sequence).copied().unwrap_or(0);
            let elsewhere = seen & !(1 << fold) != 0;
            for threshold in thread.episode.push(!elsewhere) {
                alarms[threshold as usize] += 1;
            }
        })?;
        let threshold = lowest(&alarms, learned.held_out);
        learned.held_out_alarms = alarms[threshold as usize];
        learned.threads = lives.len() as u64;
        learned.different_calls = vocabulary.calls().len() as u64;
        learned.sequences = folds.len() as u64;
        Ok(Self {
            vocabulary,
            stide: Stide::of(N, folds.into_keys()),
            threshold,
            learned,
        })
    }

    /// How many mismatches in the frame of 20 STIDE tolerates.
    #[must_use]
    pub const fn stide_threshold(&self) -> u32 {
        self.threshold
    }

    /// What both were learned from.
    #[must_use]
    pub const fn learned(&self) -> &Learned {
        &self.learned
    }

    /// Judges a recording by both rules, reading it once.
    ///
    /// # Errors
    ///
    /// The recording cannot be read.
    pub fn judge(&self, recording: &Path) -> Result<Judged> {
        let mut judged = Judged::default();
        let mut never_seen = NeverSeen::default();
        let mut threads = Threads::new();
        let span = walk(recording, |step| {
            let piece = match step {
                Step::Calls(piece) => piece,
                Step::Ended(thread) => return never_seen.ended(thread),
            };
            let thread = follow(&mut threads, &piece, || 0);
            never_seen.follow(&piece);
            for (place, call) in piece.calls() {
                judged.calls += 1;
                let alarm = || Alarm {
                    time_ns: piece.made_ns(place),
                    tgid: piece.thread.tgid,
                    tid: piece.thread.tid,
                };
                let token = self.vocabulary.token(call);
                if never_seen.push(&piece, call, token == Vocabulary::UNSEEN) {
                    judged.never_seen.push(alarm());
                }
                if let Some(sequence) = thread.window.push(token as u16)
                    && thread
                        .episode
                        .push(!self.stide.knows(sequence))
                        .contains(&self.threshold)
                {
                    judged.stide.push(alarm());
                }
            }
        })?;
        (judged.first_ns, judged.last_ns, judged.lost) = (span.first_ns, span.last_ns, span.lost);
        Ok(judged)
    }
}

/// Takes in which lives and calls there are.
fn census(
    recording: &Path,
    vocabulary: &mut Vocabulary,
    lives: &mut Lives,
    calls: &mut u64,
) -> Result<Span> {
    let mut slots = Vec::new();
    let mut failed = None;
    let span = walk(recording, |step| {
        let Step::Calls(piece) = step else { return };
        if piece.begins {
            slots.resize(slots.len().max(piece.slot + 1), 0);
            match lives.begin(piece.comm) {
                Ok(life) => slots[piece.slot] = life,
                Err(error) => failed = failed.take().or(Some(error)),
            }
        }
        let mut made = 0;
        for (_, call) in piece.calls() {
            vocabulary.intern(call);
            made += 1;
        }
        if failed.is_none() {
            lives.add(slots[piece.slot], piece.comm, made);
        }
        *calls += made;
    })?;
    failed.map_or(Ok(span), Err)
}

/// Goes through every sequence of the recordings with its fold and its thread. Lives come in the
/// order of [`census`].
fn each_sequence(
    recordings: &[PathBuf],
    vocabulary: &Vocabulary,
    lives: &Lives,
    mut sequence: impl FnMut(u128, Option<u8>, &mut Thread),
) -> Result<()> {
    let mut begun = 0;
    for recording in recordings {
        let mut threads = Threads::new();
        walk(recording, |step| {
            let Step::Calls(piece) = step else { return };
            let thread = follow(&mut threads, &piece, || {
                begun += 1;
                begun - 1
            });
            for (_, call) in piece.calls() {
                let ends = thread.window.push(vocabulary.token(call) as u16);
                if let Some(ends) = ends {
                    sequence(ends, lives.fold(thread.life, thread.calls), thread);
                }
                thread.calls += 1;
            }
        })?;
    }
    Ok(())
}

/// The lowest threshold whose alarms are as few as allowed or, when none is, as few as those of
/// any: what a life did only once in all of the recordings may exceed every threshold.
fn lowest(alarms: &[u64], held_out: u64) -> u32 {
    let allowed = (held_out as f64 * ALLOWED) as u64;
    let fewest = alarms.iter().copied().min().unwrap_or(0);
    let fits = |&alarms: &u64| alarms <= allowed.max(fewest);
    alarms.iter().position(fits).unwrap_or(0) as u32
}
