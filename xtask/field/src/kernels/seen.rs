//! What a recording holds, counted.

use std::collections::BTreeMap;

use anyhow::Result;
use monitor::syscall::event::{Abi, Call, EventKind, ThreadKey};
use monitor::syscall::table;
use monitor::trace::recorded::FormatReader as _;
use monitor::trace::recording::RecordingReader;

/// A recording's content, counted.
#[derive(Debug, Default)]
pub struct Seen {
    /// `getppid` calls of each thread, by table.
    calls: BTreeMap<(ThreadKey, Abi), u64>,
    /// New tasks: who was told to be made, by tgid and tid.
    children: Vec<(u32, u32)>,
    /// Programs executed.
    pub execs: u64,
    /// Losses in all, whatever their unit.
    pub lost: u64,
    /// Calls that the kernel skipped.
    pub skipped: u64,
}

impl Seen {
    /// Reads a recording.
    ///
    /// # Errors
    /// It is damaged.
    pub fn read(name: String, bytes: &[u8]) -> Result<Self> {
        let mut reader = RecordingReader::new(name, bytes)?;
        let mut seen = Self::default();
        for event in reader.by_ref() {
            let event = event?;
            match event.kind {
                EventKind::Calls(stretch) => {
                    for call in stretch.calls {
                        if is_getppid(call) {
                            *seen.calls.entry((event.thread, call.abi)).or_default() += 1;
                        }
                    }
                }
                EventKind::Fork {
                    child_tgid,
                    child_tid,
                } => seen.children.push((child_tgid, child_tid)),
                EventKind::Exec => seen.execs += 1,
                EventKind::Exit { .. } | EventKind::Touch(_) => {}
            }
        }
        let losses = reader.summary().lost;
        seen.lost = losses.values().sum();
        let skipped = losses
            .iter()
            .filter(|(reason, _)| reason.contains("skipped by the kernel"));
        seen.skipped = skipped.map(|(_, count)| count).sum();
        Ok(seen)
    }

    /// `getppid` calls by the table of `abi`.
    pub fn total(&self, abi: Abi) -> u64 {
        let calls = self.calls.iter().filter(|((_, of), _)| *of == abi);
        calls.map(|(_, count)| count).sum()
    }

    /// Threads that made exactly `count` of them.
    pub fn threads_of(&self, abi: Abi, count: u64) -> Vec<ThreadKey> {
        let threads = self
            .calls
            .iter()
            .filter(|((_, of), it)| *of == abi && **it == count);
        threads.map(|((thread, _), _)| *thread).collect()
    }

    /// How many of these threads were told to be made.
    pub fn announced(&self, threads: &[ThreadKey]) -> usize {
        let told = |thread: &&ThreadKey| self.children.contains(&(thread.tgid, thread.tid));
        threads.iter().filter(told).count()
    }
}

fn is_getppid(call: Call) -> bool {
    table::name(call) == Some("getppid")
}
