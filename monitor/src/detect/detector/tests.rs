//! The detector with the default model. What it scores is made up here, but for the traces of
//! ADFA-LD.

mod continuity;
mod cutting;
mod nothing_hides;
mod profiled;
mod raising;

use super::{Detector, Scored, Settings};
use crate::detect::verdict::Verdict;
use crate::model::Model;
use crate::model::runtime::Runtime;
use crate::syscall::event::{Abi, Call, Event, EventKind, Stretch, ThreadKey};
use crate::syscall::sample;

fn detector(settings: Settings) -> Detector {
    let runtime = Runtime::load(None).expect("ORT_DYLIB_PATH and ORT_DISABLE_TELEMETRY=1");
    Detector::new(
        Model::embedded(&runtime).expect("the default model"),
        settings,
    )
}

fn thread(tid: u32) -> ThreadKey {
    sample::thread(1, tid)
}

fn event(tid: u32, time_ns: u64, kind: EventKind) -> Event {
    sample::event(thread(tid), time_ns, kind)
}

/// Calls of i386 numbers, 1 µs apart from `first_seq` µs on.
fn stretch(tid: u32, first_seq: u64, numbers: &[u16]) -> Event {
    let calls: Vec<_> = numbers
        .iter()
        .map(|&number| Call {
            abi: Abi::I386,
            number: u32::from(number),
        })
        .collect();
    let time = |seq: u64| 1_000 * (1 + seq);
    let last_ns = time(first_seq + calls.len().saturating_sub(1) as u64);
    let kind = EventKind::Calls(Stretch {
        first_seq,
        last_ns,
        calls,
    });
    event(tid, time(first_seq), kind)
}

/// What a program might do: `open`, `fstat64`, `read`s, `close`, over and over.
fn ordinary(calls: usize) -> Vec<u16> {
    [5, 197, 3, 3, 6].into_iter().cycle().take(calls).collect()
}

/// Numbers without sense (an xorshift of 32 bits, Marsaglia 2003).
fn senseless(calls: usize, seed: u32) -> Vec<u16> {
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        1 + (state % 340) as u16
    };
    (0..calls).map(|_| next()).collect()
}

/// Verdicts and observations of events that are pushed one by one and scored every `every` events.
fn run(detector: &mut Detector, events: &[Event], every: usize) -> (Vec<Verdict>, Vec<Scored>) {
    let mut verdicts = Vec::new();
    let mut scored = Vec::new();
    for events in events.chunks(every) {
        for event in events {
            detector.push(event);
        }
        detector
            .score_observed(&mut verdicts, &mut |call| scored.push(*call))
            .expect("the default model scores");
    }
    (verdicts, scored)
}
