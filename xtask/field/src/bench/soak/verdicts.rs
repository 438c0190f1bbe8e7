//! Verdicts and losses out of the monitor's JSON lines (docs/json.md).

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;

/// What a run said.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Verdicts {
    pub alarms: Vec<Alarm>,
    pub received: u64,
    pub lost: u64,
    pub unscored: u64,
    pub scored: u64,
}

/// What makes two alarms the same: whose, at which call, and how high to the bit.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Alarm {
    pub tid: u64,
    pub start_ns: u64,
    pub first_seq: u64,
    pub score: String,
}

impl Verdicts {
    /// From a file of lines.
    ///
    /// # Errors
    /// It cannot be read, or has no summary.
    pub fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let lines = BufReader::new(file).lines();
        Self::of(lines.map_while(std::io::Result::ok)).with_context(|| path.display().to_string())
    }

    fn of(lines: impl Iterator<Item = String>) -> Result<Self> {
        let mut verdicts = Self::default();
        let mut ended = false;
        for line in lines {
            let value: Value = serde_json::from_str(&line)?;
            let number = |name: &str| value[name].as_u64().unwrap_or(0);
            match value["type"].as_str() {
                Some("alarm") => verdicts.alarms.push(Alarm {
                    tid: number("tid"),
                    start_ns: number("start_ns"),
                    first_seq: value["flight"]["first_seq"].as_u64().unwrap_or(0),
                    score: value["score"].to_string(),
                }),
                Some("summary") => {
                    ended = true;
                    verdicts.received = number("received");
                    verdicts.lost = number("lost");
                    verdicts.unscored = number("unscored");
                    verdicts.scored = number("scored");
                }
                _ => {}
            }
        }
        anyhow::ensure!(ended, "there is no summary");
        // Threads that cross at the same time come in either order.
        verdicts.alarms.sort();
        Ok(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use super::Verdicts;

    #[test]
    fn alarms_compare_by_thread_place_and_score() {
        let alarm = |tid: u32, score: &str| {
            format!(
                r#"{{"type":"alarm","tid":{tid},"start_ns":1,"flight":{{"first_seq":7}},"score":{score}}}"#
            )
        };
        let summary =
            r#"{"type":"summary","received":9,"lost":1,"scored":8,"unscored":0}"#.to_owned();
        let read = |alarms: [String; 2]| {
            Verdicts::of(alarms.into_iter().chain([summary.clone()])).expect("lines")
        };
        let one = read([alarm(1, "4.25"), alarm(2, "5.5")]);
        assert_eq!(one, read([alarm(2, "5.5"), alarm(1, "4.25")]));
        assert_ne!(one, read([alarm(1, "4.25"), alarm(2, "5.75")]));
        assert_eq!((one.received, one.lost), (9, 1));
        assert!(Verdicts::of([alarm(1, "4")].into_iter()).is_err());
    }
}
