mod random;

use std::io::Write;

use super::{FRAME, Header, LONGEST, MAGIC, PREAMBLE, RecordingReader, RecordingWriter, VERSION};
use crate::syscall::event::{Abi, Call, Event, EventKind, Stretch};
use crate::trace::error::TraceError;
use crate::trace::recorded::{FormatReader, TraceSummary};
use random::Random;

fn header() -> Header {
    Header {
        started_unix_ns: 1_790_000_000_000_000_000,
        started_monotonic_ns: 5_000,
        native: Abi::X86_64,
        kernel: "6.1.0-test".to_owned(),
        targets: "pid 1\x1b[2J".to_owned(),
    }
}

fn written(events: &[Event]) -> Vec<u8> {
    let mut writer = RecordingWriter::new(Vec::new(), &header()).expect("memory");
    for event in events {
        writer.event(event).expect("memory");
    }
    writer.finish(9_000).expect("memory")
}

fn events(count: usize) -> Vec<Event> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..count).map(|_| random.event()).collect()
}

type Read = (Vec<Event>, Option<TraceError>, TraceSummary);

fn read(bytes: &[u8]) -> Result<Read, TraceError> {
    let mut reader = RecordingReader::new("r.rec".to_owned(), bytes)?;
    let mut events = Vec::new();
    let mut error = None;
    for event in &mut reader {
        match event {
            Ok(event) => events.push(event),
            Err(found) => error = Some(found),
        }
    }
    assert!(
        reader.next().is_none(),
        "nothing follows an end or an error"
    );
    Ok((events, error, reader.summary()))
}

fn refused(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(error) | Ok((_, Some(error), _)) => error.to_string(),
        Ok((events, None, summary)) => panic!("read: {events:?} {summary:?}"),
    }
}

/// Appends a record with a right checksum, whatever it holds.
fn append(recording: &mut Vec<u8>, payload: &[u8]) {
    let length = (payload.len() as u32).to_le_bytes();
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&length);
    checksum.update(payload);
    recording.extend(length);
    recording.extend(checksum.finalize().to_le_bytes());
    recording.extend(payload);
}

/// Where each record begins, and where the last one ends.
fn bounds(recording: &[u8]) -> Vec<usize> {
    let mut bounds = vec![PREAMBLE];
    let mut at = PREAMBLE;
    while at < recording.len() {
        let length = recording[at..at + 4].try_into().expect("four bytes");
        at += FRAME + u32::from_le_bytes(length) as usize;
        bounds.push(at);
    }
    bounds
}

#[test]
fn events_come_back_as_they_were_written() {
    let events = events(2_000);
    let (read, error, summary) = read(&written(&events)).expect("a recording");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read, events);
    assert_eq!(summary.ended_cleanly, Some(true));
    assert!(summary.remarks().is_empty(), "{:?}", summary.remarks());
}

#[test]
fn a_recording_cut_at_any_byte_gives_every_whole_record_before_the_cut() {
    let events = events(40);
    let recording = written(&events);
    let bounds = bounds(&recording);
    for cut in 0..recording.len() {
        let whole = bounds.iter().filter(|&&bound| bound <= cut).count();
        // The preamble's end and the header's come before the first event's.
        let Some(events_before) = whole.checked_sub(2) else {
            refused(&recording[..cut]);
            continue;
        };
        let (read, error, summary) = read(&recording[..cut]).expect("a header");
        assert!(error.is_none(), "cut at {cut}: {error:?}");
        assert_eq!(read, events[..events_before], "cut at {cut}");
        assert_eq!(summary.cut_bytes, (cut - bounds[whole - 1]) as u64);
        assert_eq!(summary.ended_cleanly, Some(false));
        assert_eq!(summary.remarks().len(), 1, "cut at {cut}");
    }
}

#[test]
fn a_tail_of_zeros_is_a_cut() {
    let events = events(5);
    let mut recording = written(&events);
    let bounds = bounds(&recording);
    recording.truncate(bounds[bounds.len() - 2]);
    recording.extend([0; 9_000]);
    let (read, error, summary) = read(&recording).expect("a header");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read, events);
    assert_eq!(summary.cut_bytes, 9_000);
}

#[test]
fn a_changed_byte_is_noticed_and_never_panics() {
    let events = events(30);
    let recording = written(&events);
    for place in 0..recording.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut changed = recording.clone();
            changed[place] ^= mask;
            if let Ok((read, error, summary)) = read(&changed) {
                assert!(
                    error.is_some() || summary.cut_bytes > 0,
                    "byte {place} ^ {mask:#x} went unnoticed"
                );
                assert_eq!(read, events[..read.len()], "byte {place} ^ {mask:#x}");
            }
        }
    }
}

#[test]
fn payloads_of_any_bytes_never_panic() {
    let mut random = Random(42);
    let start = written(&[]);
    let start = &start[..bounds(&start)[1]];
    for _ in 0..20_000 {
        let mut recording = start.to_vec();
        let mut payload = vec![random.below(9) as u8];
        payload.extend((0..random.below(60)).map(|_| (random.any() & 0xff) as u8));
        append(&mut recording, &payload);
        let _ = read(&recording).expect("the header is whole");
    }
}

#[test]
fn a_long_stretch_is_divided_without_a_gap() {
    let call = |number| Call {
        // The worst case for size: another ABI at every call and the largest numbers.
        abi: Abi::ALL[number as usize % 2],
        number: u32::MAX - number,
    };
    let calls: Vec<Call> = (0..20_000).map(call).collect();
    let mut event = events(1).remove(0);
    event.kind = EventKind::Calls(Stretch {
        first_seq: 7,
        last_ns: 1,
        calls: calls.clone(),
    });
    let (read, error, summary) = read(&written(&[event])).expect("a recording");
    assert!(error.is_none(), "{error:?}");
    let mut joined = Vec::new();
    for event in read {
        let EventKind::Calls(stretch) = event.kind else {
            panic!("{event:?}");
        };
        assert_eq!(stretch.first_seq, 7 + joined.len() as u64);
        joined.extend(stretch.calls);
    }
    assert_eq!(joined, calls);
    assert_eq!(summary.calls, 20_000);
}

#[test]
fn losses_are_read_and_a_later_total_replaces_an_earlier() {
    let mut writer = RecordingWriter::new(Vec::new(), &header()).expect("memory");
    writer.lost("ring full", 3).expect("memory");
    writer.lost("ring full", 5).expect("memory");
    writer.lost("\x07", 1).expect("memory");
    let recording = writer.finish(0).expect("memory");
    let (_, _, summary) = read(&recording).expect("a recording");
    let lost: Vec<_> = summary.lost.into_iter().collect();
    assert_eq!(lost, [("\\x07".to_owned(), 1), ("ring full".to_owned(), 5)]);
}

#[test]
fn the_header_comes_back_and_is_shown_escaped() {
    let recording = written(&[]);
    let reader = RecordingReader::new(String::new(), recording.as_slice()).expect("a header");
    assert_eq!(reader.header(), &header());
    assert_eq!(
        header().to_string(),
        "recorded on Linux 6.1.0-test (x86-64), watching pid 1\\x1b[2J"
    );
    assert_eq!(header().unix_ns(6_000), 1_790_000_000_000_001_000);
}

#[test]
fn what_the_format_does_not_allow_is_refused_with_its_place() {
    let whole = written(&[]);
    let mut version = whole.clone();
    version[8] = 3;
    assert!(refused(&version).contains("version 3, and this monitor reads versions 1 to 2"));
    assert!(refused(b"text").contains("no recording"));
    assert!(refused(&MAGIC[..5]).contains("cut inside its header"));

    let start = &whole[..bounds(&whole)[1]];
    let at = start.len();
    let refused = |payload: &[u8]| {
        let mut recording = start.to_vec();
        append(&mut recording, payload);
        refused(&recording)
    };
    let kind = refused(&[99]);
    assert!(
        kind.contains(&format!("byte {}: 99 is no kind", at + 8)),
        "{kind}"
    );
    // Calls of thread 1/1, no start, no name, service 0, time 0, first 0, duration 0, ABI tag 9.
    let abi = refused(&[2, 1, 1, 0, 0, 0, 0, 0, 0, 9, 1, 3]);
    assert!(
        abi.contains(&format!("byte {}: 9 is the tag of no ABI", at + 17)),
        "{abi}"
    );
    assert!(refused(&[2, 1, 1, 0, 0, 0, 0, 0, 0]).contains("has none"));
    assert!(refused(&[2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x7f, 3]).contains("impossible length"));
    assert!(refused(&[4, 1, 1, 0, 0xff, 0x7f]).contains("longer than the format allows"));
    assert!(refused(&[4, 1, 1, 0, 0, 0, 0, 7]).contains("left over"));
    assert!(refused(&[7, 0, 12]).contains("12 calls, but 0 were read"));
    assert!(refused(&start[PREAMBLE + FRAME..]).contains("a second header"));

    let mut twice = whole.clone();
    twice.extend(&whole[at..]);
    assert!(super::tests::refused(&twice).contains("data after the end"));
    let mut endless = start.to_vec();
    endless
        .write_all(&(LONGEST as u32 + 1).to_le_bytes())
        .expect("memory");
    endless.extend([0; 4]);
    assert!(super::tests::refused(&endless).contains("impossible length"));
    assert_eq!(VERSION, 2);
}
