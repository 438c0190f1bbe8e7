use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Engine, EngineError, Feed, Outcome, Parts, Pipeline, PipelineError, Tap};
use crate::detect::counters::Counters;
use crate::detect::verdict::{ThreadEnd, Verdict};
use crate::report::hub::{Listener, Policy, Role};
use crate::report::sink::{Origin, Sink};
use crate::run::clock::WallClock;
use crate::run::snapshot::{OutputState, Snapshot, SourceStatus, Summary, Unscored};
use crate::syscall::event::{Comm, Event, EventKind, ThreadKey};
use crate::syscall::sample;

/// Counts calls; waits, fails or panics on request.
#[derive(Default)]
struct Counting {
    calls: u64,
    exits: u64,
    hold: Option<mpsc::Receiver<()>>,
    fault: Option<fn() -> Result<(), EngineError>>,
}

impl Engine for Counting {
    fn push(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Calls(stretch) => self.calls += stretch.calls.len() as u64,
            EventKind::Exit { .. } => self.exits += 1,
            _ => {}
        }
    }

    fn score(&mut self, _: &mut Vec<Verdict>) -> Result<(), EngineError> {
        if let Some(hold) = &self.hold {
            // Ends when the test lets go.
            let _ = hold.recv();
        }
        self.fault.map_or(Ok(()), |fault| fault())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        verdicts.push(Verdict::ThreadEnd(ThreadEnd {
            time_ns: 0,
            thread: thread(),
            comm: Comm::new(b"test"),
            calls: self.calls,
            scored: self.calls,
            lost: 0,
            mean_surprise: None,
            highest_score: None,
            alarms: 0,
        }));
        Ok(())
    }

    fn counters(&self) -> Counters {
        Counters {
            calls: self.calls,
            threads: self.exits,
            ..Counters::default()
        }
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn add(&self, line: String) {
        self.0.lock().expect("no test panics here").push(line);
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no test panics here").clone()
    }
}

struct Listing {
    lines: Lines,
    fault: Option<fn() -> io::Result<()>>,
}

impl Sink for Listing {
    fn origin(&mut self, origin: &Origin) {
        self.lines.add(format!("from {:?}", origin.name));
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        if let Some(fault) = self.fault {
            return fault();
        }
        let Verdict::ThreadEnd(end) = verdict else {
            unreachable!("the engine gives no alarm")
        };
        self.lines.add(format!("end after {}", end.calls));
        Ok(())
    }

    fn status(&mut self, _: &Snapshot) -> io::Result<()> {
        self.fault.map_or(Ok(()), |fault| fault())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let counters = &summary.snapshot.counters;
        self.lines.add(format!("summary of {}", counters.calls));
        Ok(())
    }
}

impl Tap for Lines {
    fn event(&mut self, event: &Event) {
        if let EventKind::Calls(stretch) = &event.kind {
            self.add(format!("calls from {}", stretch.first_seq));
        }
    }

    fn finish(&mut self, source: &SourceStatus, unscored: Unscored) {
        self.add(format!("finished {} {}", source.received, unscored.calls));
    }
}

fn thread() -> ThreadKey {
    sample::thread(7, 7)
}

fn event(kind: EventKind) -> Event {
    sample::event(thread(), 0, kind)
}

fn calls(first_seq: u64, count: usize) -> Event {
    sample::stretch(thread(), first_seq, 0, vec![sample::call(0); count])
}

struct Run {
    feed: Feed,
    pipeline: Pipeline,
    shown: Lines,
    taped: Lines,
}

impl Run {
    fn start(engine: Counting, sink_fault: Option<fn() -> io::Result<()>>, queue: usize) -> Self {
        let shown = Lines::default();
        let taped = Lines::default();
        let (feed, pipeline) = Pipeline::start(Parts {
            engine: Box::new(engine),
            tap: Some(Box::new(taped.clone())),
            listeners: vec![
                Listener::new(
                    "listing",
                    Role::Telling,
                    Box::new(Listing {
                        lines: shown.clone(),
                        fault: sink_fault,
                    }),
                )
                .with(Policy::Wait),
            ],
            reporting: super::Reporting::default(),
            queue: super::Queue::of(queue),
            tick: Duration::from_millis(5),
            cpu: None,
        })
        .expect("threads start");
        Self {
            feed,
            pipeline,
            shown,
            taped,
        }
    }

    fn finish(self) -> Result<Outcome, PipelineError> {
        self.pipeline.finish(self.feed)
    }

    fn wait_for_end(&self) {
        while self.feed.is_open() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn everything_sent_is_taped_scored_and_summed_up_in_order() {
    let run = Run::start(Counting::default(), None, 1);
    for seq in 0..100 {
        run.feed.send(vec![calls(seq, 1)]).expect("the run goes on");
    }
    run.feed.publish(SourceStatus {
        received: 100,
        ..SourceStatus::default()
    });
    let (shown, taped) = (run.shown.clone(), run.taped.clone());
    let outcome = run.finish().expect("no stage fails");
    assert_eq!(outcome.snapshot.counters.calls, 100);
    assert_eq!(shown.all(), ["end after 100", "summary of 100"]);
    let mut expected: Vec<_> = (0..100).map(|seq| format!("calls from {seq}")).collect();
    expected.push("finished 100 0".into());
    assert_eq!(taped.all(), expected);
}

/// Waits until the engine holds what it was given first, so that the rest stays in the queue.
fn held() -> (mpsc::Sender<()>, Counting) {
    let (let_go, hold) = mpsc::channel();
    let engine = Counting {
        hold: Some(hold),
        ..Counting::default()
    };
    (let_go, engine)
}

#[test]
fn a_full_channel_refuses_nothing_that_there_is_room_for() {
    let (let_go, engine) = held();
    let run = Run::start(engine, None, 1);
    let offered = 40;
    for seq in 0..offered {
        let batch = vec![calls(seq * 3, 3), event(EventKind::Exit { count: 3 })];
        run.feed.offer(batch).expect("the run goes on");
    }
    drop(let_go);
    let outcome = run.finish().expect("no stage fails");
    assert_eq!(outcome.snapshot.counters.calls, 3 * offered);
    assert_eq!(outcome.snapshot.counters.threads, offered);
    assert_eq!(outcome.snapshot.unscored, Unscored::default());
}

#[test]
fn what_a_flooding_thread_loses_is_counted_and_another_loses_nothing() {
    let (let_go, engine) = held();
    let run = Run::start(engine, None, 4);
    let (mut offered, mut seq) = (0, 0);
    // More than the room that any machine gives.
    while offered < 16 << 20 {
        run.feed.offer(vec![calls(seq, 1024)]).expect("it goes on");
        offered += 1024;
        seq += 1024;
    }
    let flood = run.feed.unscored();
    assert!(flood.calls > 0, "all of it was let in");
    assert_eq!(flood.calls, 1024 * flood.stretches);
    let mut slow = calls(0, 400);
    slow.thread.tgid = 8;
    slow.thread.tid = 8;
    run.feed
        .offer(vec![slow, event(EventKind::Exit { count: 3 })])
        .expect("it goes on");
    assert_eq!(run.feed.unscored(), flood, "the other's calls are let in");
    drop(let_go);
    let outcome = run.finish().expect("no stage fails");
    assert_eq!(outcome.snapshot.counters.calls + flood.calls, offered + 400);
    assert_eq!(outcome.snapshot.counters.threads, 1, "the exit arrives");
    assert_eq!(outcome.snapshot.unscored, flood);
}

/// An engine that waits wherever the test closes the gate.
struct Gated {
    calls: Arc<AtomicU64>,
    gate: Arc<Mutex<()>>,
}

impl Engine for Gated {
    fn push(&mut self, event: &Event) {
        if let EventKind::Calls(stretch) = &event.kind {
            self.calls
                .fetch_add(stretch.calls.len() as u64, Ordering::Relaxed);
        }
    }

    fn score(&mut self, _: &mut Vec<Verdict>) -> Result<(), EngineError> {
        drop(self.gate.lock());
        Ok(())
    }

    fn counters(&self) -> Counters {
        Counters {
            calls: self.calls.load(Ordering::Relaxed),
            ..Counters::default()
        }
    }
}

#[test]
fn a_scorer_that_is_starved_for_a_moment_loses_nothing_while_there_is_room_by_memory() {
    const THREADS: u32 = 64;
    const CALLS: u64 = 32;
    let (scored, gate) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(())));
    let (feed, pipeline) = Pipeline::start(Parts {
        engine: Box::new(Gated {
            calls: Arc::clone(&scored),
            gate: Arc::clone(&gate),
        }),
        tap: None,
        listeners: Vec::new(),
        reporting: super::Reporting::default(),
        queue: super::Queue::of(16),
        tick: Duration::from_millis(5),
        cpu: None,
    })
    .expect("threads start");
    let mut seq = 0;
    let mut batch = || {
        let of = |tid| {
            let mut event = calls(seq, CALLS as usize);
            event.thread.tgid = tid;
            event.thread.tid = tid;
            event
        };
        let batch: Vec<Event> = (1..=THREADS).map(of).collect();
        seq += CALLS;
        batch
    };
    let weight: u64 = batch().iter().map(super::room::weight).sum();
    // It shows how fast it is, by which its room is sized.
    let mut sent = 0;
    for _ in 0..4_000 {
        feed.send(batch()).expect("the run goes on");
        sent += u64::from(THREADS) * CALLS;
    }
    // Where the cores are busy it may have all of the room waiting still.
    while scored.load(Ordering::Relaxed) < sent {
        std::thread::sleep(Duration::from_millis(1));
    }
    let closed = gate.lock().expect("no test panics here");
    let room = super::room::most(crate::run::memory::spare_bytes(), super::room::LEAST);
    // Other tests of this process make freeing dearer, which counts as the scorer's own time: it is
    // taken for slower than it is, and its room for smaller.
    let starved = room / 16 / weight;
    for _ in 0..starved {
        feed.offer(batch()).expect("the run goes on");
    }
    let offered = starved * u64::from(THREADS) * CALLS;
    assert_eq!(feed.unscored(), Unscored::default(), "of {offered} calls");
    drop(closed);
    let outcome = pipeline.finish(feed).expect("no stage fails");
    assert_eq!(outcome.snapshot.counters.calls, sent + offered);
    assert_eq!(outcome.snapshot.unscored, Unscored::default());
}

#[test]
fn a_batch_above_any_limit_is_taken_by_an_empty_queue() {
    let (let_go, engine) = held();
    let run = Run::start(engine, None, 64);
    let huge = 1 << 24;
    run.feed.offer(vec![calls(0, huge)]).expect("it goes on");
    assert_eq!(run.feed.unscored().calls, 0);
    drop(let_go);
    let outcome = run.finish().expect("no stage fails");
    assert_eq!(outcome.snapshot.counters.calls, huge as u64);
}

#[test]
fn a_failing_engine_ends_the_run_with_its_error_and_a_whole_recording() {
    let engine = Counting {
        fault: Some(|| Err("no such node".into())),
        ..Counting::default()
    };
    let run = Run::start(engine, None, 4);
    run.feed.send(vec![calls(0, 1)]).expect("accepted");
    run.wait_for_end();
    let taped = run.taped.clone();
    let error = run.finish().expect_err("scoring failed");
    assert_eq!(error.to_string(), "scoring failed: no such node");
    assert_eq!(taped.all(), ["calls from 0", "finished 0 0"]);
}

#[test]
fn a_panicking_engine_ends_the_run_and_never_hangs_it() {
    let engine = Counting {
        fault: Some(|| panic!("on purpose")),
        ..Counting::default()
    };
    let run = Run::start(engine, None, 1);
    while run.feed.send(vec![calls(0, 1)]).is_ok() {}
    assert!(matches!(
        run.finish(),
        Err(PipelineError::Panicked("scorer"))
    ));
}

#[test]
fn a_run_that_waits_for_its_only_output_ends_when_that_fails() {
    let full: fn() -> io::Result<()> = || Err(io::ErrorKind::StorageFull.into());
    let run = Run::start(Counting::default(), Some(full), 4);
    run.wait_for_end();
    let outcome = run.finish().expect("the stages do not fail");
    assert!(outcome.output_closed);
    assert_eq!(outcome.outputs[0].state, OutputState::Ended);
    assert!(outcome.outputs[0].has_failed());
}

#[test]
fn a_reader_of_the_output_that_goes_away_ends_the_run_quietly() {
    let closed: fn() -> io::Result<()> = || Err(io::ErrorKind::BrokenPipe.into());
    let run = Run::start(Counting::default(), Some(closed), 4);
    run.wait_for_end();
    let outcome = run.finish().expect("no failure");
    assert!(outcome.output_closed);
    assert!(!outcome.outputs[0].has_failed());
}

#[test]
fn a_new_origin_ends_the_streams_of_the_one_before() {
    let run = Run::start(Counting::default(), None, 4);
    let origin = |name: &str| Origin {
        name: Some(name.into()),
        clock: WallClock::Unknown,
    };
    run.feed.send(vec![calls(0, 2)]).expect("accepted");
    run.feed.begin(origin("b")).expect("accepted");
    run.feed.send(vec![calls(0, 3)]).expect("accepted");
    let shown = run.shown.clone();
    run.finish().expect("no stage fails");
    assert_eq!(
        shown.all(),
        [
            "end after 2",
            "from Some(\"b\")",
            "end after 5",
            "summary of 5"
        ]
    );
}
