//! The monitor's own recordings of normal runs as training traces: one trace a thread.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use monitor::syscall::adfa;
use monitor::syscall::event::{Event, EventKind, ThreadKey};
use monitor::syscall::table;
use monitor::trace;
use monitor::trace::recording::MAGIC;

use super::normal::NormalTraces;
use super::{Corpus, Skipped, Trace, files};

/// The most calls that all recordings may hold together (half a gigabyte in memory).
const MOST_CALLS: usize = 256 << 20;

/// Whether a file that starts so is a recording.
#[must_use]
pub fn is_recording(start: &[u8]) -> bool {
    start.starts_with(&MAGIC)
}

/// Reads one recording, or every recording in a folder (not in those below).
///
/// # Errors
/// No recording at all, one that cannot be read, or too many calls.
pub fn read(path: &Path) -> Result<Corpus> {
    let mut skipped = Skipped::new();
    let mut notes = Vec::new();
    let mut traces = Vec::new();
    let mut calls = 0;
    for file in list(path, &mut skipped)? {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut source = trace::open(&file, None)?;
        let mut streams = Streams::default();
        for event in &mut source {
            streams.push(event?);
            ensure!(
                calls + streams.calls <= MOST_CALLS,
                "{} holds more than {MOST_CALLS} calls; train on fewer recordings",
                path.display()
            );
        }
        calls += streams.calls;
        notes.extend(
            source
                .summary()
                .remarks()
                .into_iter()
                .map(|remark| format!("{name}: {remark}")),
        );
        if streams.restarts > 0 {
            *skipped
                .entry("resumption of a call already counted (restart_syscall)".to_owned())
                .or_default() += streams.restarts;
        }
        for (number, calls) in streams.finish().into_iter().enumerate() {
            traces.push(Trace {
                name: format!("{name}/{number:06}"),
                calls,
            });
        }
    }
    ensure!(
        !traces.is_empty(),
        "the recordings in {} hold no call",
        path.display()
    );
    let bytes = |trace: &Trace| {
        trace
            .calls
            .iter()
            .flat_map(|call| call.to_le_bytes())
            .collect()
    };
    let with_bytes = traces.into_iter().map(|trace| {
        let bytes = bytes(&trace);
        (trace, bytes)
    });
    Ok(Corpus {
        name: "recordings".to_owned(),
        training: NormalTraces::new(with_bytes.collect()),
        validation: Vec::new(),
        attacks: Vec::new(),
        skipped,
        notes,
    })
}

fn list(path: &Path, skipped: &mut Skipped) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let shown = || path.display().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(shown)? {
        let file = entry.with_context(shown)?.path();
        if file.is_file() && is_recording(&files::start(&file)?) {
            found.push(file);
        } else {
            *skipped
                .entry("neither a recording nor a part of ADFA-LD".to_owned())
                .or_default() += 1;
        }
    }
    found.sort();
    if found.is_empty() {
        bail!(
            "{} holds neither ADFA-LD's parts (Training_Data_Master, Validation_Data_Master, \
             Attack_Data_Master) nor a recording; give ADFA-LD's folder or zip, or recordings made \
             with `monitor record`",
            path.display()
        );
    }
    Ok(found)
}

/// The calls of each thread so far. After a gap a thread's trace starts anew, as it does live.
#[derive(Default)]
struct Streams {
    open: BTreeMap<ThreadKey, (u64, Vec<u16>)>,
    done: Vec<Vec<u16>>,
    calls: usize,
    restarts: u64,
}

impl Streams {
    fn push(&mut self, event: Event) {
        match event.kind {
            EventKind::Calls(stretch) => {
                let (next, calls) = self.open.entry(event.thread).or_default();
                if stretch.first_seq != *next {
                    self.done.push(std::mem::take(calls));
                }
                *next = stretch.first_seq.saturating_add(stretch.calls.len() as u64);
                for call in stretch.calls {
                    if table::is_restart(call) {
                        self.restarts += 1;
                    } else {
                        calls.push(adfa::map(call).index);
                        self.calls += 1;
                    }
                }
            }
            EventKind::Exit { .. } => {
                if let Some((_, calls)) = self.open.remove(&event.thread) {
                    self.done.push(calls);
                }
            }
            EventKind::Fork { .. } | EventKind::Exec | EventKind::Touch(_) => {}
        }
    }

    fn finish(mut self) -> Vec<Vec<u16>> {
        self.done
            .extend(self.open.into_values().map(|(_, calls)| calls));
        self.done.retain(|calls| !calls.is_empty());
        self.done
    }
}

#[cfg(test)]
mod tests {
    use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, Stretch, ThreadKey};

    use super::Streams;

    fn calls(tid: u32, first_seq: u64, numbers: &[u32]) -> Event {
        let calls = numbers
            .iter()
            .map(|&number| Call {
                abi: Abi::I386,
                number,
            })
            .collect();
        Event {
            service: monitor::syscall::event::ServiceId::NONE,
            thread: ThreadKey {
                tgid: 1,
                tid,
                start_ns: 0,
            },
            comm: Comm::new(b"test"),
            time_ns: 0,
            kind: EventKind::Calls(Stretch {
                first_seq,
                last_ns: 0,
                calls,
            }),
        }
    }

    #[test]
    fn a_thread_is_a_trace_and_a_gap_starts_another() {
        let mut streams = Streams::default();
        streams.push(calls(1, 0, &[3, 4, 0]));
        streams.push(calls(2, 0, &[5]));
        streams.push(calls(1, 3, &[6]));
        streams.push(calls(1, 9, &[20]));
        assert_eq!(streams.restarts, 1);
        assert_eq!(streams.finish(), [vec![3, 4, 6], vec![20], vec![5]]);
    }
}
