//! Events out of the probe's records.

use monitor_common::{
    abi::Abi,
    touch::{self, NO_RESULT, Touched},
};

use crate::{
    detail::{Detail, Outcome, Reader, Touch},
    live::{io_uring, located::located},
    syscall::{
        event::{Call, Comm, Event, EventKind, ServiceId, ThreadKey},
        table,
    },
};

/// The events of a record: what the call touched, and the file behind that where a link led there.
/// None when its call has no reader or touched nothing.
pub(crate) fn events(touched: &Touched) -> impl Iterator<Item = Event> {
    let found = found(touched);
    let thread = ThreadKey {
        tgid: touched.tgid,
        tid: touched.tid,
        start_ns: touched.start_ns,
    };
    let (comm, service) = (Comm(touched.comm), ServiceId(touched.service));
    let (seq, time_ns) = (touched.seq, touched.time_ns);
    let outcome = (touched.result != NO_RESULT).then(|| Outcome::of_result(touched.result));
    found.into_iter().flat_map(move |(call, details)| {
        details.into_iter().map(move |detail| Event {
            thread,
            comm,
            service,
            time_ns,
            kind: EventKind::Touch(Touch {
                seq,
                call,
                detail,
                outcome,
            }),
        })
    })
}

fn found(touched: &Touched) -> Option<(Call, Vec<Detail>)> {
    let abi = Abi::from_tag(u8::try_from(touched.abi_tag).ok()?)?;
    let call = Call {
        abi,
        number: touched.number,
    };
    let reader = if touched.flags & u32::from(touch::SECOND) == 0 {
        Reader::of_call(call)
    } else {
        table::name(call).and_then(Reader::also_of)
    };
    // The structure of `openat2` is read by then.
    let reader = match reader? {
        Reader::OpenHow { path, how } if abi == Abi::IoUring => Reader::Open { path, flags: how },
        reader => reader,
    };
    let mut arguments = touched.arguments;
    if let (Abi::IoUring, Reader::Open { flags, .. }) = (abi, reader) {
        arguments[usize::from(flags) % 6] = touched.arguments[io_uring::FLAGS];
    }
    // The pointer itself is not sent: that there was one is known by its being read.
    if let Some(pointer) = reader.memory() {
        arguments[usize::from(pointer) % 6] = 1;
    }
    let word = touched.word.to_ne_bytes();
    let memory = match reader {
        Reader::CloneStructure { .. } | Reader::MapStructure => touched.memory().map(|_| &word[..]),
        _ => touched.memory(),
    };
    let detail = reader.detail(&arguments, memory, Some(touched.word), touched.tgid)?;
    Some((call, located(detail, reader, touched)))
}

/// Gives the latest of `events` the outcome that another record of its call brings; `false` where
/// it is not among them.
pub(crate) fn returned(events: &mut [Event], later: &Event) -> bool {
    // A call that returns at once is a few records behind.
    const NEAR: usize = 64;
    let EventKind::Touch(later_touch) = &later.kind else {
        return false;
    };
    if later_touch.outcome.is_none() {
        return false;
    }
    for event in events.iter_mut().rev().take(NEAR) {
        if let EventKind::Touch(touch) = &mut event.kind
            && event.thread == later.thread
            && touch.seq == later_touch.seq
            && touch.detail == later_touch.detail
        {
            touch.outcome = later_touch.outcome;
            return true;
        }
    }
    false
}
