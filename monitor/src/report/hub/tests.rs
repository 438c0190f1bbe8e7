use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Hub, Listener, Policy, Role};
use crate::detect::verdict::{Aftermath, ThreadEnd, Verdict};
use crate::report::sink::{Origin, Sink};
use crate::run::snapshot::{OutputState, Snapshot, Summary};
use crate::syscall::event::{Comm, ThreadKey};

const THREAD: ThreadKey = ThreadKey {
    tgid: 1,
    tid: 1,
    start_ns: 1,
};

/// Stands for a statement about an alarm.
fn alarm(number: usize) -> Verdict {
    Verdict::Aftermath(Aftermath {
        alarm: number.to_string(),
        thread: THREAD,
        first_seq: 0,
        calls: Vec::new(),
        ended: false,
    })
}

fn thread_end(calls: u64) -> Verdict {
    Verdict::ThreadEnd(ThreadEnd {
        time_ns: 0,
        thread: THREAD,
        comm: Comm::new(b"test"),
        calls,
        scored: 0,
        lost: 0,
        mean_surprise: None,
        highest_score: None,
        alarms: 0,
    })
}

fn summary() -> Summary {
    Summary {
        snapshot: Snapshot::default(),
        cpu: Duration::ZERO,
    }
}

type Lines = Arc<Mutex<Vec<String>>>;

/// Writes lines; before each it waits for a permission, if it needs any, and then does as `answer`
/// says.
struct Scripted<F> {
    lines: Lines,
    hold: Option<Receiver<()>>,
    answer: F,
}

impl<F: FnMut() -> io::Result<()> + Send> Scripted<F> {
    fn line(&mut self, line: String) -> io::Result<()> {
        if let Some(hold) = &self.hold {
            // Ends when the test lets go.
            let _ = hold.recv();
        }
        (self.answer)()?;
        self.lines.lock().expect("no panic").push(line);
        Ok(())
    }
}

impl<F: FnMut() -> io::Result<()> + Send> Sink for Scripted<F> {
    fn origin(&mut self, origin: &Origin) {
        if let Some(name) = &origin.name {
            let line = format!("from {name}");
            self.lines.lock().expect("no panic").push(line);
        }
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.line(match verdict {
            Verdict::Aftermath(it) => it.alarm.clone(),
            Verdict::ThreadEnd(end) => format!("end {}", end.calls),
            Verdict::Alarm(_) | Verdict::Blind(_) => unreachable!("no test has one"),
        })
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        self.line("summary".into())
    }
}

fn fine() -> io::Result<()> {
    Ok(())
}

fn listener(
    name: &str,
    hold: Option<Receiver<()>>,
    answer: impl FnMut() -> io::Result<()> + Send + 'static,
) -> (Listener, Lines) {
    let lines = Lines::default();
    let sink = Scripted {
        lines: Arc::clone(&lines),
        hold,
        answer,
    };
    let listener = Listener::new(name, Role::Telling, Box::new(sink));
    (listener, lines)
}

fn held(name: &str, queue: usize) -> (Listener, Lines, Sender<()>) {
    let (let_go, hold) = channel();
    let (mut listener, lines) = listener(name, Some(hold), fine);
    listener.queue = Some(queue);
    (listener, lines, let_go)
}

fn written(lines: &Lines) -> Vec<String> {
    lines.lock().expect("no panic").clone()
}

fn wait_until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < deadline, "it does not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_sink_that_blocks_for_ever_costs_the_others_nothing_and_the_end_two_seconds() {
    let (blocked, _, _let_go) = held("blocked", 2);
    let (other, lines) = listener("other", None, fine);
    let hub = Hub::start(vec![blocked, other]).expect("threads");
    (0..5).for_each(|number| hub.verdict(alarm(number)));
    let begun = Instant::now();
    let outputs = hub.finish(Some(summary()));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(written(&lines), ["0", "1", "2", "3", "4", "summary"]);
    assert_eq!((outputs[1].written, outputs[1].dropped), (6, 0));
    // Five alarms and the summary, whichever of them was in its hands.
    assert_eq!((outputs[0].written, outputs[0].dropped), (0, 6));
    assert!(outputs[0].has_failed() && !outputs[1].has_failed());
}

#[test]
fn a_full_queue_drops_the_oldest_and_thread_ends_before_alarms() {
    let (slow, lines, let_go) = held("slow", 3);
    let mut hub = Hub::start(vec![slow]).expect("threads");
    hub.origin(Origin {
        name: Some("a".into()),
        ..Origin::default()
    });
    hub.verdict(alarm(0));
    // In its hands: the queue is empty again.
    wait_until(|| written(&lines) == ["from a"]);
    for next in [
        thread_end(1),
        alarm(1),
        thread_end(2),
        alarm(2),
        alarm(3),
        alarm(4),
    ] {
        hub.verdict(next);
    }
    assert_eq!(hub.health()[0].dropped, 3, "both ends and the oldest alarm");
    drop(let_go);
    let outputs = hub.finish(None);
    assert_eq!(written(&lines), ["from a", "0", "2", "3", "4"]);
    assert_eq!((outputs[0].written, outputs[0].dropped), (4, 3));
}

#[test]
fn a_sink_that_is_waited_for_gets_everything() {
    let (slow, lines, let_go) = held("slow", 1);
    let hub = Hub::start(vec![slow.with(Policy::Wait)]).expect("threads");
    let theirs = hub.clone();
    let speaker = std::thread::spawn(move || (0..50).for_each(|it| theirs.verdict(alarm(it))));
    drop(let_go);
    speaker.join().expect("no panic");
    let outputs = hub.finish(None);
    assert_eq!(written(&lines).len(), 50);
    assert_eq!((outputs[0].written, outputs[0].dropped), (50, 0));
}

#[test]
fn what_failed_is_tried_again_in_order() {
    let mut attempts = 0;
    let (flaky, lines) = listener("flaky", None, move || {
        attempts += 1;
        match attempts {
            1..3 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    });
    let hub = Hub::start(vec![flaky]).expect("threads");
    hub.verdict(alarm(0));
    hub.verdict(alarm(1));
    wait_until(|| hub.health()[0].written == 2);
    let health = hub.health().remove(0);
    assert_eq!(health.state, OutputState::Ok);
    assert_eq!((health.failures, health.dropped), (2, 0));
    assert!(!hub.finish(None)[0].has_failed());
    assert_eq!(written(&lines), ["0", "1"]);
}

#[test]
fn what_is_refused_for_good_is_counted_and_the_next_goes_out() {
    let mut attempts = 0;
    let (strict, lines) = listener("strict", None, move || {
        attempts += 1;
        match attempts {
            1 => Err(io::ErrorKind::InvalidData.into()),
            _ => Ok(()),
        }
    });
    let hub = Hub::start(vec![strict]).expect("threads");
    hub.verdict(alarm(0));
    hub.verdict(alarm(1));
    let outputs = hub.finish(None);
    assert_eq!(written(&lines), ["1"]);
    assert_eq!((outputs[0].written, outputs[0].dropped), (1, 1));
}

#[test]
fn at_the_end_a_failing_sink_has_one_attempt_for_each_and_no_pause() {
    let (full, _) = listener("full", None, || Err(io::ErrorKind::StorageFull.into()));
    let hub = Hub::start(vec![full]).expect("threads");
    (0..1000).for_each(|number| hub.verdict(alarm(number)));
    let begun = Instant::now();
    let outputs = hub.finish(Some(summary()));
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!((outputs[0].written, outputs[0].dropped), (0, 1001));
}

#[test]
fn the_run_has_no_listener_left_only_when_all_are_gone() {
    let (gone, _) = listener("gone", None, || Err(io::ErrorKind::BrokenPipe.into()));
    let (stays, _) = listener("stays", None, fine);
    let hub = Hub::start(vec![gone, stays]).expect("threads");
    hub.verdict(alarm(0));
    wait_until(|| hub.health()[0].state == OutputState::Closed);
    assert!(!hub.is_closed());
    hub.remove("stays");
    assert!(hub.is_closed());
}

#[test]
fn a_sink_that_panics_is_counted_and_ends_alone() {
    let (broken, _) = listener("broken", None, || panic!("on purpose"));
    let (other, lines) = listener("other", None, fine);
    let hub = Hub::start(vec![broken, other]).expect("threads");
    hub.verdict(alarm(0));
    wait_until(|| hub.health()[0].state == OutputState::Ended);
    hub.verdict(alarm(1));
    let outputs = hub.finish(None);
    assert_eq!(written(&lines), ["0", "1"]);
    assert_eq!(outputs[0].dropped, 2);
}
