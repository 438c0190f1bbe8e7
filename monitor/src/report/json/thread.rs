//! What else is told of a thread, as JSON: how its life went, and what it did after an alarm.

use serde::{Deserialize, Serialize};

use super::alarm::{AlarmError, CallRecord, calls_back, named, place};
use super::schema::{SCHEMA, is_readable};
use crate::detect::verdict::{Aftermath, ThreadEnd};
use crate::report::sink::Origin;
use crate::syscall::event::ThreadKey;

/// The line of a thread's end.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadEndRecord {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    source: Option<String>,
    time_ns: u64,
    time: Option<String>,
    pid: u32,
    tid: u32,
    start_ns: u64,
    comm: String,
    calls: u64,
    scored: u64,
    lost: u64,
    mean_surprise: Option<f64>,
    highest_score: Option<f64>,
    alarms: u32,
}

impl ThreadEndRecord {
    /// The line of `end`.
    #[must_use]
    pub fn new(end: &ThreadEnd, origin: &Origin) -> Self {
        Self {
            schema: SCHEMA,
            kind: "thread_end",
            source: origin.name.clone(),
            time_ns: end.time_ns,
            time: origin.clock.timestamp(end.time_ns).map(|at| at.to_string()),
            pid: end.thread.tgid,
            tid: end.thread.tid,
            start_ns: end.thread.start_ns,
            comm: end.comm.to_string(),
            calls: end.calls,
            scored: end.scored,
            lost: end.lost,
            mean_surprise: end.mean_surprise,
            highest_score: end.highest_score,
            alarms: end.alarms,
        }
    }
}

/// The line of what the thread of an alarm did next.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AftermathRecord {
    /// Version of the schema.
    pub schema: u32,
    /// `aftermath`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The alarm's id.
    pub alarm: String,
    /// Where a replayed one came from; `null` live.
    pub source: Option<String>,
    /// Thread group id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// When the thread began, nanoseconds since boot.
    pub start_ns: u64,
    /// The place in the thread of the first of the calls.
    pub first_seq: u64,
    /// Table, number and name of each call.
    pub calls: Vec<CallRecord>,
    /// Whether the thread ended with them.
    pub ended: bool,
}

impl AftermathRecord {
    /// The line of `aftermath`.
    #[must_use]
    pub fn new(aftermath: &Aftermath, origin: &Origin) -> Self {
        Self {
            schema: SCHEMA,
            kind: "aftermath".into(),
            alarm: aftermath.alarm.clone(),
            source: origin.name.clone(),
            pid: aftermath.thread.tgid,
            tid: aftermath.thread.tid,
            start_ns: aftermath.thread.start_ns,
            first_seq: aftermath.first_seq,
            calls: aftermath.calls.iter().map(named).collect(),
            ended: aftermath.ended,
        }
    }

    /// What the line says.
    ///
    /// # Errors
    /// When it is not what this monitor writes.
    pub fn aftermath(&self) -> Result<Aftermath, AlarmError> {
        if !is_readable(self.schema) {
            return Err(AlarmError::Schema(self.schema));
        }
        if self.calls.len() > Aftermath::CALLS {
            return Err(AlarmError::TooMany(
                "calls after an alarm",
                self.calls.len(),
            ));
        }
        Ok(Aftermath {
            alarm: self.alarm.clone(),
            thread: ThreadKey {
                tgid: self.pid,
                tid: self.tid,
                start_ns: self.start_ns,
            },
            first_seq: place(self.first_seq)?,
            calls: calls_back(&self.calls)?,
            ended: self.ended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::AftermathRecord;
    use crate::report::json::alarm::AlarmError;
    use crate::report::sample;
    use crate::report::sink::Origin;

    #[test]
    fn what_followed_comes_back_from_its_line() {
        let written = AftermathRecord::new(&sample::aftermath(), &Origin::default());
        let line = serde_json::to_string(&written).expect("serialises");
        let read: AftermathRecord = serde_json::from_str(&line).expect("parses");
        assert_eq!(read.aftermath(), Ok(sample::aftermath()));
        let mut long = read;
        long.calls = vec![long.calls[0].clone(); 65];
        let refused = Err(AlarmError::TooMany("calls after an alarm", 65));
        assert_eq!(long.aftermath(), refused);
        let mut far = AftermathRecord::new(&sample::aftermath(), &Origin::default());
        far.first_seq = u64::MAX;
        assert_eq!(far.aftermath(), Err(AlarmError::Place(u64::MAX)));
    }
}
