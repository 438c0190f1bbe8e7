//! Synthetic streams through a detector, and what they take.

use std::time::Duration;

use anyhow::Result;
use monitor::detect::detector::{Detector, Settings};
use monitor::detect::profile::{Profile, Thresholds};
use monitor::detect::scorer::Model;
use monitor::detect::scorer::runtime::Runtime;
use monitor::detect::verdict::Verdict;
use monitor::learn::Census;
use monitor::report::usage::cpu_time;
use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, Stretch, ThreadKey};

use super::{Case, Found};
use crate::offline::bench::machine::resident_kib;

/// Calls of a stretch, as the probe sends them.
const STRETCH: usize = 32;

/// Stretches of a thread that is followed: with a profile its flight recorder is full, without one it is not, as each call goes
/// through the LSTM.
const STRETCHES: (u64, u64) = (4, 16);

/// Calls of a short-lived thread.
const SHORT: usize = 8;

/// Events that are scored together.
const ROUND: u64 = 512;

/// The long-lived thread makes a stretch each time that so many others have come and gone.
const BETWEEN: u64 = 1000;

const STAYS: u32 = 1;

fn call(number: u32) -> Call {
    Call {
        abi: Abi::X86_64,
        number,
    }
}

/// What every thread does: files, in an order that differs a little from thread to thread.
fn usual(thread: u64, calls: usize) -> Vec<Call> {
    const FILES: [u32; 8] = [257, 0, 0, 1, 5, 8, 0, 3];
    let start = thread as usize % 3;
    (start..start + calls)
        .map(|place| call(FILES[place % FILES.len()]))
        .collect()
}

/// What none of them does.
fn unusual(calls: usize) -> Vec<Call> {
    (0..calls as u32)
        .map(|place| call(100 + place * 7 % 150))
        .collect()
}

fn event(tgid: u32, tid: u32, first_seq: u64, time_ns: u64, calls: Vec<Call>) -> Event {
    Event {
        thread: ThreadKey {
            tgid,
            tid,
            start_ns: u64::from(tid) + 1,
        },
        comm: Comm::new(if tgid == STAYS { b"stays" } else { b"worker" }),
        time_ns,
        kind: EventKind::Calls(Stretch {
            first_seq,
            last_ns: time_ns + 1000,
            calls,
        }),
    }
}

fn detector(runtime: &Runtime, case: &Case) -> Result<Detector> {
    let model = Model::embedded(runtime)?;
    let settings = Settings {
        max_threads: if case.short_lived {
            10_240
        } else {
            usize::try_from(case.threads)? + 2
        },
        ..Settings::default()
    };
    if !case.profile {
        return Ok(Detector::new(model, settings));
    }
    let mut census = Census::new(Profile::default());
    for thread in 0..1000 {
        let tgid = if thread % 2 == 0 { STAYS } else { 7 };
        census.push(&event(
            tgid,
            thread + 10,
            0,
            1000 + u64::from(thread),
            usual(thread.into(), 200),
        ));
    }
    let (profile, _) = census.into_parts();
    let thresholds = Thresholds {
        slow: 3.0,
        fast: 6.0,
        first_seen: 16.0,
    };
    Ok(Detector::with_profile(model, profile, thresholds, settings))
}

/// Measures a case in this process.
///
/// # Errors
/// Inference fails.
pub fn measure(runtime: &Runtime, case: Case) -> Result<Found> {
    let mut detector = detector(runtime, &case)?;
    let mut verdicts = Vec::new();
    detector.push(&event(STAYS, 2, 0, 1, usual(0, STRETCH)));
    detector.score(&mut verdicts)?;
    let before_kib = resident_kib(std::process::id())?;
    let before = cpu_time();
    let (after_kib, calls) = if case.short_lived {
        come_and_go(&mut detector, case.threads)?
    } else {
        (vec![], at_once(&mut detector, &case)?)
    };
    let cpu: Duration = cpu_time().saturating_sub(before);
    let after_kib = if case.short_lived {
        after_kib
    } else {
        vec![resident_kib(std::process::id())?]
    };
    let judged = still_judged(&mut detector)?;
    Ok(Found {
        before_kib,
        after_kib,
        calls,
        cpu_s: cpu.as_secs_f64(),
        evicted: detector.counters().evicted,
        judged,
        case,
    })
}

/// All threads make a stretch, then all the next.
fn at_once(detector: &mut Detector, case: &Case) -> Result<u64> {
    let stretches = if case.profile {
        STRETCHES.1
    } else {
        STRETCHES.0
    };
    let (mut verdicts, mut calls) = (Vec::new(), 0);
    for stretch in 0..stretches {
        let first_seq = stretch * STRETCH as u64;
        for thread in 0..case.threads {
            let tid = u32::try_from(thread)? + 10;
            detector.push(&event(
                7,
                tid,
                first_seq,
                1_000_000 + first_seq,
                usual(thread, STRETCH),
            ));
            calls += STRETCH as u64;
            if thread % ROUND == 0 {
                detector.score(&mut verdicts)?;
                verdicts.clear();
            }
        }
        detector.score(&mut verdicts)?;
        verdicts.clear();
    }
    Ok(calls)
}

/// Threads that make a few calls and end, ten million of them say. Gives the memory after each tenth, KiB, and the calls.
fn come_and_go(detector: &mut Detector, threads: u64) -> Result<(Vec<u64>, u64)> {
    let (mut verdicts, mut calls, mut seq) = (Vec::new(), 0, STRETCH as u64);
    let mut after_kib = Vec::new();
    for thread in 0..threads {
        // Ids come round again, as the kernel's do; the start tells them apart.
        let mut made = event(
            7,
            (thread % 4_000_000) as u32 + 10,
            0,
            1_000_000 + thread,
            usual(thread, SHORT),
        );
        made.thread.start_ns = thread + 1;
        detector.push(&made);
        detector.push(&Event {
            kind: EventKind::Exit {
                count: SHORT as u64,
            },
            ..made
        });
        calls += SHORT as u64;
        if thread % BETWEEN == 0 {
            detector.push(&event(STAYS, 2, seq, 1_000_000 + thread, usual(0, STRETCH)));
            seq += STRETCH as u64;
        }
        if thread % ROUND == 0 {
            detector.score(&mut verdicts)?;
            verdicts.clear();
        }
        if (thread + 1) % (threads / 10).max(1) == 0 {
            after_kib.push(resident_kib(std::process::id())?);
        }
    }
    Ok((after_kib, calls))
}

/// Whether the thread that stays raises an alarm when it does what it never did.
fn still_judged(detector: &mut Detector) -> Result<bool> {
    let mut verdicts = Vec::new();
    // Behind a gap: how far the thread was does not matter here.
    detector.push(&event(STAYS, 2, 1 << 40, u64::MAX / 2, unusual(400)));
    detector.score(&mut verdicts)?;
    Ok(verdicts
        .iter()
        .any(|it| matches!(it, Verdict::Alarm(alarm) if alarm.thread.tgid == STAYS)))
}
