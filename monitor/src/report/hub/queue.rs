//! What waits for one sink, within bounds.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::detect::verdict::Verdict;
use crate::incident::Incident;
use crate::report::sink::Origin;
use crate::response::statement::ActionStatement;
use crate::run::snapshot::{Snapshot, Summary};

/// One thing to tell a sink.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Verdict(Arc<Origin>, Arc<Verdict>),
    Incident(Arc<Origin>, Arc<Incident>),
    Action(Arc<ActionStatement>),
    Status(Arc<Snapshot>),
    Summary(Arc<Summary>),
}

impl Statement {
    /// Whether its loss counts: not that of a state of the run, since a later one says more.
    pub(super) const fn is_counted(&self) -> bool {
        !matches!(self, Self::Status(_))
    }
}

/// What to do when the queue is full.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Policy {
    /// Wait for the sink: where nothing may be left out and nothing is lost by waiting, as in a
    /// replay.
    Wait,
    /// Drop the oldest statement, thread ends before alarms, and count it.
    DropOldest,
}

/// What the queue gives to its sink.
pub(super) enum Next {
    Statement(Statement),
    Closed,
}

#[derive(Default)]
struct State {
    /// Numbers statements, so that the three lanes come out in the order in which they went in.
    count: u64,
    alarms: VecDeque<(u64, Statement)>,
    thread_ends: VecDeque<(u64, Statement)>,
    /// The latest only: an older state of the run is of no use to anybody.
    status: Option<(u64, Statement)>,
    /// A sink has a statement in its hands, and whether that one is counted.
    in_hand: Option<bool>,
    closed: bool,
    /// The run ends: no pauses any more.
    hurried: bool,
    /// The sink takes nothing any more.
    abandoned: bool,
}

impl State {
    fn waiting(&self) -> usize {
        self.alarms.len() + self.thread_ends.len()
    }

    fn pop(&mut self) -> Option<Statement> {
        let front = |lane: &VecDeque<(u64, Statement)>| lane.front().map_or(u64::MAX, |it| it.0);
        let (alarm, end) = (front(&self.alarms), front(&self.thread_ends));
        let status = self.status.as_ref().map_or(u64::MAX, |it| it.0);
        let first = if status < alarm.min(end) {
            self.status.take()
        } else if alarm < end {
            self.alarms.pop_front()
        } else {
            self.thread_ends.pop_front()
        };
        first.map(|(_, statement)| statement)
    }
}

/// A queue between the writer and one sink's thread.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    capacity: usize,
    policy: Policy,
}

impl Queue {
    /// An empty one with room for `capacity` verdicts.
    pub(super) fn new(capacity: usize, policy: Policy) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            capacity: capacity.max(1),
            policy,
        }
    }

    /// Adds `statement`; gives how many were dropped for it.
    pub(super) fn push(&self, statement: Statement) -> u64 {
        let mut state = self.lock();
        while self.policy == Policy::Wait && !state.abandoned && state.waiting() >= self.capacity {
            state = self.wait(state);
        }
        if state.abandoned || state.closed {
            return u64::from(statement.is_counted());
        }
        state.count += 1;
        let number = state.count;
        let mut dropped = 0;
        match &statement {
            Statement::Status(_) => {
                let place = state.status.as_ref().map_or(number, |it| it.0);
                state.status = Some((place, statement));
            }
            Statement::Verdict(..) | Statement::Incident(..) | Statement::Action(_) => {
                if state.waiting() >= self.capacity {
                    let lane = if state.thread_ends.is_empty() {
                        &mut state.alarms
                    } else {
                        &mut state.thread_ends
                    };
                    lane.pop_front();
                    dropped = 1;
                }
                let lane = match &statement {
                    Statement::Verdict(_, verdict)
                        if matches!(verdict.as_ref(), Verdict::ThreadEnd(_)) =>
                    {
                        &mut state.thread_ends
                    }
                    _ => &mut state.alarms,
                };
                lane.push_back((number, statement));
            }
            Statement::Summary(_) => state.alarms.push_back((number, statement)),
        }
        drop(state);
        self.changed.notify_all();
        dropped
    }

    /// The next statement, once there is one.
    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        state.in_hand = None;
        self.changed.notify_all();
        loop {
            if state.abandoned {
                return Next::Closed;
            }
            if let Some(statement) = state.pop() {
                state.in_hand = Some(statement.is_counted());
                drop(state);
                // Room for who waits.
                self.changed.notify_all();
                return Next::Statement(statement);
            }
            if state.closed {
                return Next::Closed;
            }
            state = self.wait(state);
        }
    }

    /// Rests until `deadline`; false when there is no time for a rest any more.
    pub(super) fn rest(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        while !state.closed && !state.abandoned && !state.hurried {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    /// Waits until the sink has taken everything; false when it did not until `deadline`.
    pub(super) fn drained(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        while !state.abandoned && (state.in_hand.is_some() || state.waiting() > 0) {
            match deadline {
                None => state = self.wait(state),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
        true
    }

    /// Ends all pauses: what waits goes out now or never.
    pub(super) fn hurry(&self) {
        self.lock().hurried = true;
        self.changed.notify_all();
    }

    /// Takes no more; what waits still goes out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Lets go of everything, also of who waits for room; gives how many verdicts and
    /// summaries were not written, the one in the sink's hands included.
    pub(super) fn abandon(&self) -> u64 {
        let mut state = self.lock();
        state.abandoned = true;
        let in_hand = state.in_hand.take() == Some(true);
        let left = state.waiting() as u64 + u64::from(in_hand);
        state.alarms.clear();
        state.thread_ends.clear();
        state.status = None;
        drop(state);
        self.changed.notify_all();
        left
    }

    /// Verdicts that wait, the one in the sink's hands left out.
    pub(super) fn len(&self) -> u64 {
        self.lock().waiting() as u64
    }

    // No code that may panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }
}
