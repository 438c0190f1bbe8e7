//! Nothing depends on how a thread's calls are cut into events and batches.

use super::{Detector, Settings, detector, run, senseless, stretch};
use crate::detect::detector::Scored;
use crate::detect::verdict::Verdict;
use crate::syscall::event::{Event, ThreadKey};

/// Per thread: every call with the bits of its surprise, and its verdicts.
type Outcome = Vec<(ThreadKey, Vec<(u64, u16, Option<u32>)>, Vec<Verdict>)>;

fn by_thread(mut detector: Detector, events: &[Event], every: usize) -> Outcome {
    let (mut verdicts, scored) = run(&mut detector, events, every);
    detector.finish(&mut verdicts).expect("it scores");
    let mut threads: Vec<_> = scored.iter().map(|call: &Scored| call.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    let of = |verdict: &Verdict| match verdict {
        Verdict::Alarm(alarm) => alarm.thread,
        Verdict::ThreadEnd(end) => end.thread,
        Verdict::Aftermath(after) => after.thread,
        Verdict::Blind(_) => unreachable!("nothing is lost"),
    };
    threads
        .into_iter()
        .map(|thread| {
            let calls = scored
                .iter()
                .filter(|call| call.thread == thread)
                .map(|call| (call.seq, call.index, call.surprise.map(f32::to_bits)))
                .collect();
            let verdicts = verdicts.iter().filter(|v| of(v) == thread).cloned();
            (thread, calls, verdicts.collect())
        })
        .collect()
}

/// Cuts every trace into events of `longest` calls at most, threads at different speeds, and takes
/// the traces in turn.
fn interleaved(traces: &[Vec<u16>], longest: usize) -> Vec<Event> {
    let mut cut: Vec<_> = (1..)
        .zip(traces)
        .map(|(tid, trace)| {
            let longest = longest.min(1 + tid as usize * 7);
            let seqs = (0..).step_by(longest);
            let events = seqs.zip(trace.chunks(longest));
            events.map(move |(seq, calls)| stretch(tid, seq, calls))
        })
        .collect();
    let mut events = Vec::new();
    loop {
        let before = events.len();
        events.extend(cut.iter_mut().filter_map(Iterator::next));
        if events.len() == before {
            return events;
        }
    }
}

fn whole(traces: &[Vec<u16>]) -> Vec<Event> {
    (1..)
        .zip(traces)
        .map(|(tid, trace)| stretch(tid, 0, trace))
        .collect()
}

fn settings() -> Settings {
    Settings {
        alarms_per_minute: None,
        again_after: None,
        ..Settings::default()
    }
}

fn compare(traces: &[Vec<u16>]) {
    compare_by(traces, || detector(settings()));
}

fn compare_by(traces: &[Vec<u16>], fresh: impl Fn() -> Detector) {
    let calls: usize = traces.iter().map(Vec::len).sum();
    // All at once, packed sixteen lanes wide.
    let reference = by_thread(fresh(), &whole(traces), usize::MAX);
    assert_eq!(reference.iter().map(|t| t.1.len()).sum::<usize>(), calls);
    // One thread after the other: packs of one lane.
    assert!(
        by_thread(fresh(), &whole(traces), 1) == reference,
        "one by one"
    );
    for (longest, every) in [(32, 5), (7, 3), (13, usize::MAX), (1, 1000), (1, 1)] {
        let events = interleaved(traces, longest);
        let outcome = by_thread(fresh(), &events, every);
        assert!(
            outcome == reference,
            "up to {longest} calls an event, {every} events a batch"
        );
    }
}

mod needs_onnxruntime {
    use super::{compare, compare_by, senseless};
    use crate::detect::detector::tests::ordinary;
    use crate::detect::detector::tests::profiled::{profile, profiled};
    use crate::profile::Thresholds;

    #[test]
    #[ignore = "needs onnxruntime"]
    fn with_a_profile_neither() {
        let thresholds = Thresholds {
            sequence: 30.0,
            drift: 0.01,
            first_seen: 2.0,
        };
        let mixed = |seed: u32| {
            let mut calls = ordinary(300 + seed as usize * 40);
            for place in (40..calls.len()).step_by(37 + seed as usize) {
                calls[place] = [20, 6, 5, 3, 197, 91][place % 6];
            }
            calls.extend(senseless(seed as usize * 10, seed));
            calls
        };
        let traces: Vec<_> = (1..8).map(mixed).collect();
        compare_by(&traces, || profiled(profile(20_000), thresholds));
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn made_up_threads_score_the_same_to_the_bit_however_they_are_cut() {
        let mut traces: Vec<_> = (1..=19)
            .map(|seed| senseless(seed * 13, seed as u32))
            .collect();
        traces.push(ordinary(700));
        compare(&traces);
    }
}

mod needs_adfa_ld {
    use std::path::PathBuf;

    use super::compare;
    use crate::trace::adfa::folder;

    #[test]
    #[ignore = "needs ADFA-LD"]
    fn real_traces_score_the_same_to_the_bit_however_they_are_cut() {
        let root = std::env::var_os("MONITOR_ADFA_LD").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/adfa-ld"),
            PathBuf::from,
        );
        let listing = folder::list(&root).expect("the folder of ADFA-LD");
        let step = listing.files.len() / 24;
        let traces: Vec<Vec<u16>> = listing
            .files
            .iter()
            .step_by(step)
            .map(|path| {
                let text = std::fs::read_to_string(root.join(path)).expect("a trace");
                let words = text.split_ascii_whitespace();
                words.map(|word| word.parse().expect("a number")).collect()
            })
            .collect();
        assert!(traces.len() >= 24);
        compare(&traces);
    }
}
