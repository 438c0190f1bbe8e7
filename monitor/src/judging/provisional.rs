//! The alarm about a privileged call of a service that is being learned while nothing judges.
//!
//! Which call that is, the learner says, by what it learned; where a detector judges by the general
//! model, it decides by itself (`detect/detector/provisional.rs`) and raises its own alarm.

use crate::detect::verdict::{Alarm, Evidence, Pace};
use crate::incident::ids::IdSource;
use crate::profile::first_seen::FirstSeen;
use crate::syscall::event::{Event, Stretch};
use crate::syscall::flight::Flight;

/// The alarm about `first`, which is among the calls of an event.
pub(super) fn alarm(event: &Event, stretch: &Stretch, first: FirstSeen, ids: &IdSource) -> Alarm {
    let end = usize::try_from(first.seq.saturating_sub(stretch.first_seq)).unwrap_or(usize::MAX);
    let end = end.saturating_add(1).min(stretch.calls.len());
    let begin = end.saturating_sub(Flight::CALLS);
    let time_ns = stretch.last_ns.max(event.time_ns);
    let (tid, start) = (
        event.thread.tid.to_le_bytes(),
        event.thread.start_ns.to_le_bytes(),
    );
    Alarm {
        id: ids.id(time_ns, &[&tid, &start, &first.seq.to_le_bytes()]),
        service: "".into(),
        time_ns,
        thread: event.thread,
        comm: event.comm,
        pace: Pace::FirstSeen,
        score: first.nats,
        threshold: 0.0,
        reasons: vec![(Pace::FirstSeen, first.nats, 0.0)],
        first_seen: vec![first],
        evidence: Evidence::Complete,
        surprising: Vec::new(),
        flight: Flight {
            first_seq: stretch.first_seq.saturating_add(begin as u64),
            calls: stretch.calls[begin..end].to_vec(),
            names: vec![(stretch.first_seq, event.comm)],
            touches: Vec::new(),
        },
        lineage: Vec::new(),
        who: None,
        suppressed: None,
        provisional: true,
        judged_by: None,
    }
}
