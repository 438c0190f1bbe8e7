//! The engine of a run that only records.

use std::collections::HashMap;

use super::{Engine, EngineError};
use crate::detect::counters::Counters;
use crate::detect::verdict::Verdict;
use crate::syscall::event::{Event, EventKind, ThreadKey};

/// Threads whose place is remembered; beyond it all are forgotten, which loses nothing but the
/// knowledge of gaps.
const THREADS: usize = 1 << 16;

/// Counts threads, calls and gaps, and gives no verdict.
#[derive(Debug, Default)]
pub struct Unjudged {
    next: HashMap<ThreadKey, u64>,
    counters: Counters,
}

impl Unjudged {
    /// Counts what is missing before `first` in a thread that now stands at `next`.
    fn advance(&mut self, thread: ThreadKey, first: u64, next: u64) {
        if self.next.len() >= THREADS && !self.next.contains_key(&thread) {
            self.next.clear();
        }
        let expected = self.next.entry(thread).or_insert_with(|| {
            self.counters.threads += 1;
            // A thread that the source had seen before the table was emptied has no gap.
            first
        });
        let missing = first.saturating_sub(*expected);
        self.counters.lost = self.counters.lost.saturating_add(missing);
        self.counters.gaps += u64::from(missing > 0);
        *expected = next.max(*expected);
    }
}

impl Engine for Unjudged {
    fn push(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Calls(stretch) => {
                let calls = stretch.calls.len() as u64;
                self.counters.calls += calls;
                let next = stretch.first_seq.saturating_add(calls);
                self.advance(event.thread, stretch.first_seq, next);
            }
            EventKind::Exit { count } => {
                if self.next.contains_key(&event.thread) {
                    self.advance(event.thread, *count, *count);
                    self.next.remove(&event.thread);
                }
            }
            EventKind::Fork { .. } | EventKind::Exec | EventKind::Touch(_) => {}
        }
    }

    fn finish(&mut self, _: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.next.clear();
        Ok(())
    }

    fn counters(&self) -> Counters {
        Counters {
            open_threads: self.next.len() as u64,
            ..self.counters.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Unjudged;
    use crate::pipeline::Engine;
    use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

    #[test]
    fn gaps_inside_and_at_the_end_of_a_thread_are_lost_calls() {
        let event = |kind| Event {
            service: ServiceId::NONE,
            thread: ThreadKey {
                tgid: 1,
                tid: 1,
                start_ns: 0,
            },
            comm: Comm::default(),
            time_ns: 0,
            kind,
        };
        let calls = |first_seq, count| {
            let call = Call {
                abi: Abi::X86_64,
                number: 0,
            };
            event(EventKind::Calls(Stretch {
                first_seq,
                last_ns: 0,
                calls: vec![call; count],
            }))
        };
        let mut engine = Unjudged::default();
        engine.push(&calls(0, 5));
        engine.push(&calls(8, 2));
        engine.push(&event(EventKind::Exit { count: 11 }));
        let counters = engine.counters();
        assert_eq!((counters.calls, counters.lost, counters.gaps), (7, 4, 2));
        assert_eq!((counters.threads, counters.open_threads), (1, 0));
    }
}
