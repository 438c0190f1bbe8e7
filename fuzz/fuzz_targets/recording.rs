//! A recording: raw, and what is read written again and read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor::trace::recording::{RecordingReader, RecordingWriter};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = RecordingReader::new("input".into(), bytes) else {
        return;
    };
    let header = reader.header().clone();
    let events: Vec<_> = reader.by_ref().map_while(Result::ok).collect();
    let Ok(mut writer) = RecordingWriter::new(Vec::new(), &header) else {
        return;
    };
    for event in &events {
        writer.event(event).expect("what was read can be written");
    }
    let written = writer.finish(0).expect("memory");
    let again = RecordingReader::new("again".into(), &written[..]).expect("a recording");
    let again: Vec<_> = again.map(|event| event.expect("an event")).collect();
    let calls = |events: &[monitor::syscall::event::Event]| {
        let of = |event: &monitor::syscall::event::Event| match &event.kind {
            monitor::syscall::event::EventKind::Calls(stretch) => stretch.calls.len(),
            _ => 0,
        };
        events.iter().map(of).sum::<usize>()
    };
    assert_eq!(calls(&again), calls(&events));
});
