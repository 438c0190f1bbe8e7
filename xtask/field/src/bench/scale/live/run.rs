//! One run of the monitor beside its load.

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::bench::load::Done;

/// One run of the monitor.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Whether a profile judged.
    pub profile: bool,
    /// Threads of the load.
    pub threads: u32,
    /// Calls that the load says it made; what starting and ending its threads takes is not among
    /// them.
    pub made: u64,
    /// Seconds from the first call to the last.
    pub seconds: f64,
    /// Resident memory of the monitor while all threads still ran, KiB.
    pub resident_kib: u64,
    /// The most that it ever was, KiB.
    pub highest_kib: u64,
    /// The monitor's CPU time, seconds.
    pub cpu_s: f64,
    /// Calls that the monitor received.
    pub received: u64,
    /// Calls that it did not, for any reason.
    pub lost: u64,
    /// Of those received, the ones that were not judged in time.
    pub unscored: u64,
    /// Calls that were judged.
    pub scored: u64,
    /// Calls that the LSTM was asked for, and those it saw.
    pub asked: u64,
    /// See `asked`.
    pub answered: u64,
    /// Threads that were seen.
    pub seen: u64,
    /// The most that were followed at once, by the monitor's status lines.
    pub at_once: u64,
    /// Threads that were forgotten since the table was full.
    pub forgotten: u64,
    /// Alarms.
    pub alarms: u64,
}

impl Run {
    /// What the load did, without what the monitor says.
    pub fn new(done: &Done) -> Self {
        Self {
            profile: false,
            threads: 0,
            made: done.calls,
            seconds: done.seconds,
            resident_kib: 0,
            highest_kib: 0,
            cpu_s: 0.0,
            received: 0,
            lost: 0,
            unscored: 0,
            scored: 0,
            asked: 0,
            answered: 0,
            seen: 0,
            at_once: 0,
            forgotten: 0,
            alarms: 0,
        }
    }

    /// With what the monitor said, its lines of JSON.
    pub fn of(told: &str, run: Self) -> Result<Self> {
        let mut at_once = 0;
        let mut summary = Value::Null;
        for line in told.lines() {
            let said: Value = serde_json::from_str(line).context("what the monitor says")?;
            at_once = at_once.max(said["open_threads"].as_u64().unwrap_or(0));
            if said["type"] == "summary" {
                summary = said;
            }
        }
        ensure!(summary.is_object(), "the monitor gave no summary");
        let number = |name: &str| {
            summary[name]
                .as_u64()
                .with_context(|| format!("{name} of the summary"))
        };
        Ok(Self {
            cpu_s: summary["cpu_s"].as_f64().unwrap_or(f64::NAN),
            received: number("received")?,
            lost: number("lost")?,
            unscored: number("unscored")?,
            scored: number("scored")?,
            asked: number("asked")?,
            answered: number("answered")?,
            seen: number("threads")?,
            at_once,
            forgotten: number("evicted")?,
            alarms: number("alarms")?,
            ..run
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Done, Run};

    #[test]
    fn a_run_is_read_from_the_lines_of_the_monitor() {
        let numbers = r#""received":90,"lost":10,"unscored":1,"scored":80,"asked":5,"answered":4,"threads":7,"evicted":2,"alarms":3"#;
        let told = format!(
            "{{\"type\":\"status\",\"open_threads\":6}}\n{{\"type\":\"alarm\"}}\n\
             {{\"type\":\"summary\",\"open_threads\":1,\"cpu_s\":1.5,{numbers}}}\n"
        );
        let done = Done {
            operations: 10,
            calls: 70,
            seconds: 1.0,
            cpu_seconds: 0.5,
            begun_ns: 0,
        };
        let run = Run::of(&told, Run::new(&done)).expect("a summary");
        assert_eq!((run.made, run.received, run.lost), (70, 90, 10));
        assert_eq!((run.seen, run.at_once, run.forgotten), (7, 6, 2));
        assert!(Run::of("{\"type\":\"status\"}", Run::new(&done)).is_err());
    }
}
