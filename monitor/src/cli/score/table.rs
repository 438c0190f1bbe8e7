//! Scored traces as a table and as JSON.

use std::io::{self, Write};

use monitor::detect::verdict::Expected;
use monitor::report::json::SCHEMA;
use monitor::report::json::alarm::ExpectedRecord;
use monitor::report::text::{call_name, expectation, index_name};
use monitor::syscall::{adfa, table};
use serde::Serialize;

use super::trace::{Judged, Opinion};

/// Writes one trace for people: a row a call, and a line on the whole.
pub fn write_text(out: &mut impl Write, trace: &Judged) -> io::Result<()> {
    writeln!(out, "trace {}", trace.name)?;
    writeln!(
        out,
        "{:>8}  {:<24} {:>5}  {:<20} {:>8}  likeliest in its place",
        "seq", "call", "index", "ADFA-LD", "nats"
    )?;
    for one in &trace.calls {
        let nats = one.surprise.map_or("-".into(), |nats| format!("{nats:.3}"));
        let expected = if one.expected.is_empty() {
            "-".into()
        } else {
            let expected: Vec<_> = one
                .expected
                .iter()
                .copied()
                .map(Expected::general)
                .collect();
            expectation(&expected)
        };
        writeln!(
            out,
            "{:>8}  {:<24} {:>5}  {:<20} {nats:>8}  {expected}",
            one.seq,
            call_name(one.call),
            one.index,
            index_name(one.index),
        )?;
    }
    let nats = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
    writeln!(
        out,
        "{}: {} calls, {} scored, mean {} nats, score {} (highest running mean; threshold {:.4}), \
         verdict: {}\n",
        trace.name,
        trace.calls.len(),
        trace.scored,
        nats(trace.mean),
        nats(trace.score),
        trace.threshold,
        match trace.opinion {
            Opinion::Normal => "normal",
            Opinion::Alarm => "alarm",
            Opinion::TooShort => "too short to judge",
        }
    )
}

#[derive(Serialize)]
struct CallRecord<'a> {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    trace: &'a str,
    seq: u64,
    abi: &'static str,
    number: u32,
    name: Option<&'static str>,
    index: u16,
    surprise: Option<f32>,
    score: Option<f64>,
    expected: Vec<ExpectedRecord>,
}

#[derive(Serialize)]
struct TraceRecord<'a> {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    trace: &'a str,
    calls: usize,
    scored: u64,
    mean_surprise: Option<f64>,
    highest_score: Option<f64>,
    threshold: f64,
    alarms: u32,
    verdict: &'static str,
}

/// Writes one trace as lines of JSON: one a call, and one on the whole.
pub fn write_json(out: &mut impl Write, trace: &Judged) -> io::Result<()> {
    for one in &trace.calls {
        let expected = |&(index, probability): &(u16, f32)| ExpectedRecord {
            abi: None,
            number: None,
            index,
            name: adfa::name(index).map(str::to_owned),
            probability,
        };
        let record = CallRecord {
            schema: SCHEMA,
            kind: "score_call",
            trace: &trace.name,
            seq: one.seq,
            abi: table::abi_name(one.call.abi),
            number: one.call.number,
            name: table::name(one.call),
            index: one.index,
            surprise: one.surprise,
            score: one.score,
            expected: one.expected.iter().map(expected).collect(),
        };
        line(out, &record)?;
    }
    let record = TraceRecord {
        schema: SCHEMA,
        kind: "score_trace",
        trace: &trace.name,
        calls: trace.calls.len(),
        scored: trace.scored,
        mean_surprise: trace.mean,
        highest_score: trace.score,
        threshold: trace.threshold,
        alarms: trace.alarms,
        verdict: match trace.opinion {
            Opinion::Normal => "normal",
            Opinion::Alarm => "alarm",
            Opinion::TooShort => "too_short",
        },
    };
    line(out, &record)
}

fn line(out: &mut impl Write, record: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"\n")
}
