//! What a thread did after its alarm.

use crate::detect::verdict::{Aftermath, Alarm, Verdict};
use crate::syscall::event::{Call, ThreadKey};

/// An alarm whose thread is followed a little further.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    alarm: String,
    thread: ThreadKey,
    first_seq: u64,
    calls: Vec<Call>,
}

impl Following {
    /// Follows the thread of `alarm`, whose last call is the one that raised it.
    pub(crate) fn new(alarm: &Alarm) -> Self {
        let flight = &alarm.flight;
        Self {
            alarm: alarm.id.clone(),
            thread: alarm.thread,
            first_seq: flight.first_seq.saturating_add(flight.calls.len() as u64),
            calls: Vec::new(),
        }
    }

    /// Takes the thread's next call; true when that was the last one that is kept.
    pub(crate) fn push(&mut self, call: Call) -> bool {
        self.calls.push(call);
        self.calls.len() >= Aftermath::CALLS
    }

    /// What is to be told.
    pub(crate) fn told(self, ended: bool) -> Verdict {
        Verdict::Aftermath(Aftermath {
            alarm: self.alarm,
            thread: self.thread,
            first_seq: self.first_seq,
            calls: self.calls,
            ended,
        })
    }
}
