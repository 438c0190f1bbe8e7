//! Synthetic streams through a detector, and what they take.

use std::time::Duration;

use anyhow::Result;
use monitor::detect::detector::{Detector, Settings};
use monitor::detect::verdict::Verdict;
use monitor::learn::Census;
use monitor::model::Model;
use monitor::model::runtime::Runtime;
use monitor::profile::{Profile, Thresholds};
use monitor::run::usage::cpu_time;
use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

use super::{Case, Found};
use support::machine::resident_kib;

/// Calls of a stretch, as the probe sends them.
const STRETCH: usize = 32;

/// Threads that the detector is warmed up with: more than the scorer takes at once.
const WARM: u32 = 40;

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
        service: ServiceId::NONE,
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
            usize::try_from(case.threads)? + WARM as usize + 2
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
        sequence: 60.0,
        drift: 0.001,
        first_seen: 3.0,
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
    warm_up(&mut detector)?;
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

/// Lets the scorer take the memory that any number of threads takes once.
fn warm_up(detector: &mut Detector) -> Result<()> {
    const FIRST: u32 = 3_000_000;
    let mut verdicts = Vec::new();
    for tid in FIRST..FIRST + WARM {
        detector.push(&event(STAYS, tid, 0, 1, usual(0, STRETCH)));
    }
    detector.score(&mut verdicts)?;
    for tid in FIRST..FIRST + WARM {
        let count = STRETCH as u64;
        detector.push(&Event {
            kind: EventKind::Exit { count },
            ..event(STAYS, tid, 0, 2, Vec::new())
        });
    }
    Ok(detector.score(&mut verdicts)?)
}

/// The thread that a process begins with, by its place: the threads are shared out evenly.
fn leader(process: u64, case: &Case) -> u64 {
    (process * case.threads).div_ceil(case.processes)
}

/// Ids of a thread: its process is called by its first thread.
fn ids(thread: u64, case: &Case) -> Result<(u32, u32)> {
    let first = leader(thread * case.processes / case.threads, case);
    Ok((u32::try_from(first)? + 10, u32::try_from(thread)? + 10))
}

/// All threads are made and make a stretch, then all the next.
fn at_once(detector: &mut Detector, case: &Case) -> Result<u64> {
    let (mut verdicts, mut calls) = (Vec::new(), 0);
    for stretch in 0..case.stretches {
        let first_seq = stretch * STRETCH as u64;
        let time_ns = 1_000_000 + first_seq;
        for thread in 0..case.threads {
            let (tgid, tid) = ids(thread, case)?;
            if stretch == 0 {
                detector.push(&made(tgid, tid, time_ns));
            }
            detector.push(&event(
                tgid,
                tid,
                first_seq,
                time_ns,
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

/// What comes before a thread's first call: a process begins a program, its first thread makes the
/// others.
fn made(tgid: u32, tid: u32, time_ns: u64) -> Event {
    let kind = if tid == tgid {
        EventKind::Exec
    } else {
        EventKind::Fork {
            child_tgid: tgid,
            child_tid: tid,
        }
    };
    Event {
        kind,
        ..event(tgid, tgid, 0, time_ns, Vec::new())
    }
}

/// Threads that make a few calls and end, ten million of them say. Gives the memory after each
/// tenth, KiB, and the calls.
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

#[cfg(test)]
mod tests {
    use super::{Case, ids};

    #[test]
    fn threads_are_shared_out_among_processes_that_have_a_first_one() {
        for (threads, processes) in [(10, 1), (10, 3), (10, 10), (10_000, 316)] {
            let case = Case {
                profile: false,
                threads,
                processes,
                stretches: 1,
                short_lived: false,
            };
            let all: Vec<_> = (0..threads)
                .map(|thread| ids(thread, &case).expect("ids"))
                .collect();
            let first = all.iter().filter(|(tgid, tid)| tgid == tid).count();
            let mut named: Vec<_> = all.iter().map(|(tgid, _)| *tgid).collect();
            named.dedup();
            assert_eq!((first as u64, named.len() as u64), (processes, processes));
        }
    }
}
