//! Traces as threads that live side by side.

use std::collections::VecDeque;

use anyhow::Result;
use monitor::detect::detector::Detector;
use monitor::detect::verdict::Verdict;
use monitor::syscall::event::{Event, EventKind, Stretch};

use evaluation::lstm::events;

/// Threads that live at once.
const TOGETHER: usize = 64;

/// Calls that a thread makes before the next one does: a window of the probe.
const STRETCH: usize = 32;

/// The mean surprise of every trace, nats a call, by the detector that follows all of them as a
/// live run would: [`TOGETHER`] threads at once that make [`STRETCH`] calls in turn, begun in the
/// order given. `None` for a trace of which no call has a surprise.
///
/// # Errors
/// When inference fails.
pub fn mean_surprise(
    detector: &mut Detector,
    traces: &[&[u16]],
    order: &[usize],
) -> Result<Vec<Option<f64>>> {
    let mut means = vec![None; traces.len()];
    let mut waiting = order.iter();
    let mut living: VecDeque<(usize, VecDeque<Event>)> = VecDeque::new();
    let mut verdicts = Vec::new();
    loop {
        let begin = TOGETHER - living.len();
        let begun = waiting.by_ref().take(begin);
        living.extend(begun.map(|&place| (place, stretches(place, traces[place]))));
        if living.is_empty() {
            break;
        }
        for (_, events) in &mut living {
            if let Some(event) = events.pop_front() {
                detector.push(&event);
            }
        }
        living.retain(|(_, events)| !events.is_empty());
        detector.score(&mut verdicts)?;
        for verdict in verdicts.drain(..) {
            if let Verdict::ThreadEnd(end) = verdict {
                means[end.thread.tid as usize - 1] = end.mean_surprise;
            }
        }
    }
    Ok(means)
}

/// A trace's events: its calls in stretches, and its end.
fn stretches(place: usize, trace: &[u16]) -> VecDeque<Event> {
    let [whole, exit] = events(place, trace);
    let mut all = VecDeque::new();
    if let EventKind::Calls(stretch) = &whole.kind {
        let chunks = stretch.calls.chunks(STRETCH).enumerate();
        all.extend(chunks.map(|(chunk, calls)| Event {
            kind: EventKind::Calls(Stretch {
                first_seq: (chunk * STRETCH) as u64,
                last_ns: stretch.last_ns,
                calls: calls.to_vec(),
            }),
            ..whole.clone()
        }));
    }
    all.push_back(exit);
    all
}

#[cfg(test)]
mod tests {
    use monitor::syscall::event::EventKind;

    use super::stretches;

    #[test]
    fn a_trace_comes_in_stretches_and_ends() {
        let trace: Vec<u16> = (1..=70).collect();
        let events = stretches(4, &trace);
        let seen: Vec<_> = events
            .iter()
            .map(|event| {
                assert_eq!((event.thread.tgid, event.thread.tid), (5, 5));
                match &event.kind {
                    EventKind::Calls(stretch) => (stretch.first_seq, stretch.calls.len()),
                    EventKind::Exit { count } => (*count, 0),
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        assert_eq!(seen, [(0, 32), (32, 32), (64, 6), (70, 0)]);
    }
}
