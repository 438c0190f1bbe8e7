//! Whatever a thread, the ring and the reader do between each other, no call is counted twice or by
//! nobody.

use monitor_common::record::{Cause, WINDOW_CALLS, Window};
use proptest::prelude::*;

use super::tests::{numbers, window};
use super::{Event, EventKind, Reassembly};

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The thread makes so many calls.
    Calls(u32),
    /// The ring is full, or has room again.
    Room(bool),
    /// The reader empties the ring.
    Empty,
    /// The reader copies the window, so many calls are made meanwhile, and it empties the ring.
    Look(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..80_u32).prop_map(Step::Calls),
        2 => any::<bool>().prop_map(Step::Room),
        1 => Just(Step::Empty),
        3 => (0..70_u32).prop_map(Step::Look),
    ]
}

/// A thread, its window in the probe, and what lies in the ring.
struct Probe {
    first: u64,
    len: u32,
    has_room: bool,
    ring: Vec<Window>,
    made: u64,
}

impl Probe {
    fn calls(&mut self, count: u32) {
        for _ in 0..count {
            self.made += 1;
            self.len += 1;
            if self.len as usize == WINDOW_CALLS {
                if self.has_room {
                    self.ring.push(window(Cause::Full, self.first, self.len));
                }
                self.first += u64::from(self.len);
                self.len = 0;
            }
        }
    }
}

proptest! {
    #[test]
    fn seen_and_lost_are_what_was_made(steps in prop::collection::vec(step(), 0..60), ends_with_room: bool) {
        let (mut reassembly, mut events) = (Reassembly::default(), Vec::<Event>::new());
        let mut probe = Probe { first: 0, len: 0, has_room: true, ring: Vec::new(), made: 0 };
        probe.calls(1);
        for (time, step) in steps.into_iter().enumerate() {
            match step {
                Step::Calls(count) => probe.calls(count),
                Step::Room(has_room) => probe.has_room = has_room,
                Step::Empty => {
                    for sent in probe.ring.drain(..) {
                        reassembly.sent(&sent, &mut events);
                    }
                }
                Step::Look(meanwhile) => {
                    reassembly.copying();
                    let copy = window(Cause::Open, probe.first, probe.len);
                    probe.calls(meanwhile);
                    for sent in probe.ring.drain(..) {
                        reassembly.sent(&sent, &mut events);
                    }
                    reassembly.copied(&copy, time as u64, false, &mut events);
                }
            }
        }
        // It ends, by the ring or, where that is full, by the table of what is left behind.
        if ends_with_room {
            probe.ring.push(window(Cause::Exit, probe.first, probe.len));
        }
        reassembly.copying();
        for sent in probe.ring.drain(..) {
            reassembly.sent(&sent, &mut events);
        }
        if !ends_with_room {
            reassembly.copied(&window(Cause::Left, probe.first, probe.len), 1, true, &mut events);
        }
        prop_assert_eq!(reassembly.received + reassembly.lost, probe.made);
        let numbers = numbers(&events);
        prop_assert_eq!(numbers.len() as u64, reassembly.received);
        prop_assert!(numbers.is_sorted_by(|one, next| one < next), "{:?}", numbers);
        let end = events.last().map(|event| event.kind.clone());
        prop_assert_eq!(end, Some(EventKind::Exit { count: probe.made }));
        prop_assert_eq!(reassembly.threads(), 0);
    }
}
