//! When and where an attack was made.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::scenarios::attack::Attack;
use support::files::write_whole;

/// One attack as it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Which.
    pub attack: Attack,
    /// The process that took the order.
    pub tgid: u32,
    /// Its thread that did.
    pub tid: u32,
    /// The process, those that the attack forked from it directly, and those that made the steps of
    /// a slow attack.
    pub processes: Vec<u32>,
    /// When it began, nanoseconds of `CLOCK_MONOTONIC` as in a recording.
    pub start_ns: u64,
    /// When it was over.
    pub end_ns: u64,
    /// Calls that it made itself: not those of a program that it ran, nor the padding.
    pub calls: u64,
    /// `errno` of the first of them that failed; 0 when none did.
    pub errno: i32,
    /// What a shell answered, or how many bytes came out, in words; empty for the other attacks.
    pub answer: String,
}

impl Mark {
    /// Keeps it, as JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        write_whole(path, &text)
    }

    /// What [`Mark::write`] wrote.
    ///
    /// # Errors
    /// The file is not there, or says something else.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| {
            format!(
                "cannot read {}, the mark of an attack; run the suite anew if an older one left \
                 the folder",
                path.display()
            )
        })?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }
}

/// `CLOCK_MONOTONIC`, nanoseconds.
///
/// # Errors
/// The clock cannot be read.
pub fn now_ns() -> Result<u64> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).context("the clock cannot be read")?;
    Ok(Duration::from(now).as_nanos() as u64)
}
