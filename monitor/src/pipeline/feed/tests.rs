use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};

use super::{Batch, Feed, Shared, lock};
use crate::pipeline::room::{LEAST, Room};
use crate::syscall::event::{Call, Event, EventKind};
use crate::syscall::sample;

/// Calls of a stretch.
const CALLS: usize = 32;

fn stretch(tid: u32) -> Event {
    sample::stretch(
        sample::thread(tid, tid),
        0,
        0,
        vec![sample::call(39); CALLS],
    )
}

/// Where the calls of each event are in memory: an event that was copied has them elsewhere.
fn places(events: &[Event]) -> Vec<*const Call> {
    let calls = events.iter().map(|event| match &event.kind {
        EventKind::Calls(stretch) => stretch.calls.as_ptr(),
        other => panic!("{other:?}"),
    });
    calls.collect()
}

/// A feed whose channel has room for one batch, which is taken, and of whose room a thread that
/// floods gets no more.
fn full() -> (Feed, Receiver<Batch>) {
    let (batches, taken) = bounded(1);
    let feed = Feed::new(batches, Arc::new(Shared::new(Room::new(0, LEAST))));
    while feed.unscored().calls == 0 {
        feed.offer(vec![stretch(1)]).expect("nobody has ended");
    }
    (feed, taken)
}

/// What waits beside the channel: where it is, how much of it there is and how much would fit, and
/// where each event's calls are.
fn waiting(feed: &Feed) -> (*const Event, usize, usize, Vec<*const Call>) {
    let waiting = lock(&feed.waiting);
    (
        waiting.as_ptr(),
        waiting.len(),
        waiting.capacity(),
        places(&waiting),
    )
}

#[test]
fn what_a_full_backlog_refuses_is_refused_before_anything_is_moved() {
    let (feed, taken) = full();
    let before = waiting(&feed);
    let (_, len, capacity, _) = before;
    assert!(len > 1_000, "a backlog, not only what the channel holds");
    let refused = feed.unscored();
    // More than the backlog has places for: whoever moved them there first would need a larger one.
    let batch = capacity - len + 1;
    for offers in 1..=100 {
        let events = (0..batch).map(|_| stretch(1)).collect();
        feed.offer(events).expect("nobody has ended");
        assert_eq!(waiting(&feed), before, "after {offers} offers");
        let now = feed.unscored();
        assert_eq!(now.stretches - refused.stretches, (offers * batch) as u64);
        assert_eq!(
            now.calls - refused.calls,
            (offers * batch * CALLS) as u64,
            "each is counted"
        );
    }
    let Ok(Batch::Events(first)) = taken.try_recv() else {
        panic!("the channel held a batch");
    };
    assert_eq!(first.len(), 1, "which nobody added to");
}

#[test]
fn what_is_let_in_among_what_is_refused_is_the_only_thing_that_is_added() {
    let (feed, taken) = full();
    let (_, len, _, before) = waiting(&feed);
    let batch: Vec<Event> = (0..3_000).map(|place| stretch(1 + place % 1_000)).collect();
    let own = places(&batch);
    let refused = feed.unscored().stretches;
    feed.offer(batch).expect("nobody has ended");
    let (_, now, _, after) = waiting(&feed);
    let refused = feed.unscored().stretches - refused;
    // The thread that floods comes three times in the batch.
    assert_eq!(refused, 3);
    assert_eq!(now - len, 3_000 - 3);
    assert_eq!(after[..len], before, "in front of it nothing changed");
    let let_in = own
        .iter()
        .enumerate()
        .filter(|(place, _)| place % 1_000 != 0);
    let let_in: Vec<_> = let_in.map(|(_, &calls)| calls).collect();
    assert_eq!(after[len..], let_in, "in order, and none copied");
    // With room in the channel it all goes there, as it is.
    taken.try_recv().expect("the channel held a batch");
    feed.offer(Vec::new()).expect("nobody has ended");
    let Ok(Batch::Events(all)) = taken.try_recv() else {
        panic!("it is handed over");
    };
    assert_eq!(places(&all), after);
    assert_eq!(waiting(&feed).1, 0);
}
