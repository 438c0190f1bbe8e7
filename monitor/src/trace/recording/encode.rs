//! Payloads as bytes.

use crate::detail::{Detail, Outcome, Touch};
use crate::syscall::event::{Call, Event};
use crate::trace::recording::{Header, Kind, LONGEST_REASON, LONGEST_TEXT};

/// LEB128: seven bits a byte, the lowest first, the top bit set on all but the last.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8], longest: usize) {
    let bytes = &bytes[..bytes.len().min(longest)];
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn header(out: &mut Vec<u8>, header: &Header) {
    out.push(Kind::Header as u8);
    varint(out, header.started_unix_ns);
    varint(out, header.started_monotonic_ns);
    out.push(header.native.tag());
    bytes(out, header.kernel.as_bytes(), LONGEST_TEXT);
    bytes(out, header.targets.as_bytes(), LONGEST_TEXT);
}

/// What every event has: its kind, thread, name, service and time.
pub(super) fn event(out: &mut Vec<u8>, kind: Kind, event: &Event) {
    out.push(kind as u8);
    varint(out, event.thread.tgid.into());
    varint(out, event.thread.tid.into());
    varint(out, event.thread.start_ns);
    bytes(out, event.comm.as_bytes(), 15);
    varint(out, event.service.0.into());
    varint(out, event.time_ns);
}

/// Calls in groups of one ABI: its tag, how many, their numbers.
pub(super) fn calls(out: &mut Vec<u8>, first_seq: u64, duration_ns: u64, calls: &[Call]) {
    varint(out, first_seq);
    varint(out, duration_ns);
    for group in calls.chunk_by(|a, b| a.abi == b.abi) {
        out.push(group[0].abi.tag());
        varint(out, group.len() as u64);
        for call in group {
            varint(out, call.number.into());
        }
    }
}

/// What a call touched: place, table and number, outcome (0 where it is not known), detail.
pub(super) fn touch(out: &mut Vec<u8>, touch: &Touch) {
    varint(out, touch.seq);
    out.push(touch.call.abi.tag());
    varint(out, touch.call.number.into());
    out.push(touch.outcome.map_or(0, Outcome::tag));
    bytes(out, touch.detail.to_string().as_bytes(), Detail::LONGEST);
}

pub(super) fn lost(out: &mut Vec<u8>, reason: &str, total: u64) {
    out.push(Kind::Lost as u8);
    bytes(out, reason.as_bytes(), LONGEST_REASON);
    varint(out, total);
}

pub(super) fn end(out: &mut Vec<u8>, monotonic_ns: u64, calls: u64) {
    out.push(Kind::End as u8);
    varint(out, monotonic_ns);
    varint(out, calls);
}
