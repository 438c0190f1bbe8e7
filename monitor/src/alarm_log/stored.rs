//! Reads an alarm log, however damaged or hostile its lines are.

pub(super) mod lines;

mod search;

mod evidence;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;

use serde::Deserialize;

use super::{LogError, file};
use crate::incident::MOST_ALARMS;
use crate::profile::accepted::{Acceptance, Later};
use crate::report::json::alarm::AlarmRecord;
use crate::report::json::incident::IncidentRecord;
use crate::trace::error::shown;

pub use evidence::{Evidence, Found};
use search::{Pair, escaped, parsed};

/// An alarm log, with the one that was set aside before it.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

/// What tells a line from others.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    alarm: Option<String>,
}

impl Log {
    /// The log at a place; nothing is read yet.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        shown(&self.path)
    }

    /// Refuses a log that another user could have written: what it names is not to be believed
    /// then.
    ///
    /// # Errors
    /// When that is so, or it cannot be looked at.
    pub fn check_trusted(&self) -> Result<(), LogError> {
        file::open_to_read(&self.path).map(drop)
    }

    /// The last alarm of this id, or of the only id that begins so. An incident's id stands for its
    /// heaviest alarm; as incidents are what is shown, the beginning of an id is an incident's if
    /// it can be.
    ///
    /// # Errors
    /// When the log cannot be read, or there is no such alarm or more than one.
    pub fn find(&self, id: &str) -> Result<Found, LogError> {
        match self.incident_line(id)? {
            Some((_, alarm, _)) => self.find_alarm(&alarm),
            None => self.find_alarm(id),
        }
    }

    /// The incident of this id, or of the only id that begins so.
    ///
    /// # Errors
    /// When the log cannot be read, or there is no such incident or more than one.
    pub fn incident(&self, id: &str) -> Result<IncidentRecord, LogError> {
        match self.incident_line(id)? {
            Some((its, _, line)) => parsed("incident", &its, &line),
            None => Err(self.missing("incident", id)),
        }
    }

    /// All that the log has of an incident or of an alarm, given its id or the beginning of it.
    ///
    /// # Errors
    /// When the log cannot be read, or there is nothing of that id or more than one.
    pub fn evidence(&self, id: &str) -> Result<Evidence, LogError> {
        let Some((its, heaviest, line)) = self.incident_line(id)? else {
            let found = self.find_alarm(id)?;
            return Ok(Evidence {
                id: found.alarm.id.clone(),
                incident: None,
                alarms: vec![found],
            });
        };
        let incident: IncidentRecord = parsed("incident", &its, &line)?;
        let mut wanted: Vec<&String> = incident.alarm_ids.iter().take(MOST_ALARMS).collect();
        if !wanted.contains(&&heaviest) {
            wanted.push(&heaviest);
        }
        let mut pairs: HashMap<&str, Pair> = HashMap::new();
        for id in &wanted {
            pairs.insert(id.as_str(), Pair::default());
        }
        let damaged = self.lines(|head, line| {
            let of = match head.kind.as_str() {
                "alarm" => head.id,
                _ => head.alarm,
            };
            let Some(pair) = of.as_deref().and_then(|of| pairs.get_mut(of)) else {
                return;
            };
            match head.kind.as_str() {
                "alarm" => pair.alarm(line),
                "aftermath" => pair.aftermath(line),
                _ => {}
            }
        })?;
        let found = wanted.iter().filter_map(|id| {
            let pair = pairs.remove(id.as_str())?;
            pair.alarm.is_some().then(|| pair.found(id, damaged))
        });
        let alarms = found.collect::<Result<Vec<_>, _>>()?;
        if alarms.is_empty() {
            return Err(self.missing("alarm", &heaviest));
        }
        Ok(Evidence {
            id: its,
            incident: Some(incident),
            alarms,
        })
    }

    /// What these acceptances took as normal, to be accepted again.
    ///
    /// # Errors
    /// When the log has not all of it any more.
    pub fn later(&self, acceptances: &[Acceptance]) -> Result<Vec<Later>, LogError> {
        let later = |it: &Acceptance| {
            let flights = self.evidence(&it.alarm)?.flights();
            Ok(Later {
                id: it.alarm.clone(),
                unix_s: it.unix_s,
                reason: it.reason.clone(),
                flights: flights.map_err(|why| LogError::NotWhole {
                    what: "alarm",
                    id: escaped(&it.alarm),
                    why: why.to_string(),
                })?,
            })
        };
        acceptances.iter().map(later).collect()
    }

    /// The last statement about each of the latest incidents, the latest last, and how many lines
    /// could not be read.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn incidents(&self, most: usize) -> Result<(Vec<IncidentRecord>, u64), LogError> {
        // Ids begin with the time.
        let mut latest: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut damaged = self.lines(|head, line| {
            if let ("incident", Some(its)) = (head.kind.as_str(), head.id) {
                latest.insert(its, line.to_vec());
                if latest.len() > most {
                    latest.pop_first();
                }
            }
        })?;
        let lines = latest.into_values();
        let records: Vec<_> = lines.map(|line| serde_json::from_slice(&line)).collect();
        damaged += records.iter().filter(|it| it.is_err()).count() as u64;
        Ok((records.into_iter().flatten().collect(), damaged))
    }

    /// The last alarms, the latest last, and how many lines could not be read.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn latest(&self, most: usize) -> Result<(Vec<AlarmRecord>, u64), LogError> {
        let mut lines = VecDeque::new();
        let mut damaged = self.lines(|head, line| {
            if head.kind == "alarm" {
                if lines.len() == most {
                    lines.pop_front();
                }
                lines.push_back(line.to_vec());
            }
        })?;
        let mut alarms = Vec::new();
        for line in lines {
            match serde_json::from_slice(&line) {
                Ok(alarm) => alarms.push(alarm),
                Err(_) => damaged += 1,
            }
        }
        Ok((alarms, damaged))
    }

    /// Hands on every line that is a statement, the oldest first; gives how many are none.
    fn lines(&self, take: impl FnMut(Head, &[u8])) -> Result<u64, LogError> {
        lines::of(&self.path, take)
    }
}
