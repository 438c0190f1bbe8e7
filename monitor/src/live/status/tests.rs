use std::time::Duration;

use monitor_common::{loss::Loss, record::Cause};

use super::{OfReader, status};
use crate::detect::counters::Counters;
use crate::live::losses::Losses;
use crate::live::misses::Misses;
use crate::live::reassembly::{Reassembly, tests::window_of};
use crate::live::unseen::Unseen;
use crate::pipeline::{Engine as _, unjudged::Unjudged};
use crate::report::json::status::{StatusRecord, SummaryRecord};
use crate::report::summary;
use crate::run::snapshot::{Snapshot, SourceStatus, Summary};

/// Two threads that the probe is watching while it counts `amount` of `reason` on each of two CPUs,
/// and one that begins afterwards: how the source stands, and what is counted of the streams.
fn after(reason: Loss, amount: u64) -> (SourceStatus, Counters) {
    let losses = Losses::of_memory().expect("memory");
    let (mut unseen, mut reassembly) = (Unseen::default(), Reassembly::default());
    let mut events = Vec::new();
    let mut look = |reassembly: &mut Reassembly| {
        let is_gap = unseen.look(Misses::default(), &losses);
        if is_gap {
            reassembly.gap_all();
        }
        (is_gap, unseen)
    };
    for tid in [11, 12] {
        reassembly.sent(&window_of(tid, Cause::Full, 0, 32), &mut events);
    }
    assert!(!look(&mut reassembly).0, "nothing is counted yet");
    for cpu in [1, 70] {
        losses.raise(reason, cpu, amount);
    }
    look(&mut reassembly);
    let (is_gap, unseen) = look(&mut reassembly);
    assert!(!is_gap, "what is known makes no further gap");
    for tid in [11, 12] {
        reassembly.sent(&window_of(tid, Cause::Exit, 32, 8), &mut events);
    }
    reassembly.sent(&window_of(13, Cause::Full, 0, 32), &mut events);
    let mut engine = Unjudged::default();
    events.iter().for_each(|event| engine.push(event));
    let of_reader = OfReader::default();
    let status = status(&losses, &unseen, &reassembly, of_reader);
    (status, engine.counters())
}

/// What is said of it at the end, and as JSON meanwhile and at the end.
fn said(source: SourceStatus, counters: Counters) -> (String, [serde_json::Value; 2]) {
    let snapshot = Snapshot {
        source,
        counters,
        ..Snapshot::default()
    };
    let summary = Summary {
        snapshot,
        cpu: Duration::ZERO,
    };
    let status = serde_json::to_value(StatusRecord::new(&summary.snapshot)).expect("JSON");
    let last = serde_json::to_value(SummaryRecord::new(&summary, None)).expect("JSON");
    (summary::text(&summary, None), [status, last])
}

#[test]
fn calls_that_could_not_be_read_gap_every_open_stream_and_are_told() {
    let (source, counters) = after(Loss::CallUnreadable, 2);
    assert_eq!(source.lost, [("kernel memory unreadable", 4)]);
    assert!(source.missed.is_empty(), "{source:?}");
    assert_eq!((counters.threads, counters.gaps), (3, 2), "not the third");
    let (text, json) = said(source, counters);
    let line = "\n  lost      4: kernel memory unreadable 4, 2 gaps in threads\n";
    assert!(text.contains(line), "{text}");
    for line in json {
        assert_eq!(
            line["lost_by_reason"],
            serde_json::json!({"kernel memory unreadable": 4}),
            "{line}"
        );
        assert_eq!((&line["lost"], &line["gaps"]), (&4.into(), &2.into()));
    }
}

#[test]
fn forks_execs_and_exits_that_could_not_be_read_gap_every_open_stream_and_are_told() {
    let (source, counters) = after(Loss::LifecycleUnreadable, 1);
    let words = "forks, execs and exits not told: kernel memory unreadable";
    assert_eq!(source.missed, [(words, 2)]);
    assert_eq!((counters.threads, counters.gaps), (3, 2), "not the third");
    let (text, json) = said(source, counters);
    assert!(
        text.contains(&format!("\n  missed    2 {words}\n")),
        "{text}"
    );
    assert!(text.contains("2 gaps in threads"), "{text}");
    for line in json {
        assert_eq!(line["missed"], serde_json::json!({ (words): 2 }), "{line}");
        assert_eq!(line["gaps"], 2);
    }
}

#[test]
fn of_every_reason_what_is_counted_is_told_once() {
    for reason in Loss::ALL {
        // Its calls are counted by what of them arrives.
        if reason == Loss::RingFull {
            continue;
        }
        let (source, counters) = after(reason, 3);
        let told: Vec<_> = source.lost.iter().chain(&source.missed).collect();
        assert_eq!(told, [&(reason.name(), 6)], "{reason:?}");
        let is_gap = matches!(reason, Loss::CallUnreadable | Loss::LifecycleUnreadable);
        assert_eq!(counters.gaps, if is_gap { 2 } else { 0 }, "{reason:?}");
    }
}
