//! Reads an alarm log, however damaged or hostile its lines are.

pub(super) mod lines;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Display;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{LogError, file};
use crate::incident::MOST_ALARMS;
use crate::profile::accepted::{Acceptance, Later};
use crate::report::json::alarm::{AlarmError, AlarmRecord};
use crate::report::json::incident::IncidentRecord;
use crate::report::json::thread::AftermathRecord;
use crate::syscall::flight::Flight;
use crate::trace::error::shown;

/// Ids that are named when a prefix fits several.
const NAMED: usize = 5;

/// An alarm log, with the one that was set aside before it.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

/// An alarm of the log.
#[derive(Clone, Debug)]
pub struct Found {
    /// The alarm.
    pub alarm: AlarmRecord,
    /// What its thread did next.
    pub aftermath: Option<AftermathRecord>,
    /// Lines of the log that could not be read.
    pub damaged: u64,
}

/// What an id stands for: an incident with its alarms, or one alarm.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The whole id.
    pub id: String,
    /// The last statement about the incident; `None` of an alarm.
    pub incident: Option<IncidentRecord>,
    /// Its alarms that the log still has, oldest first: one at least.
    pub alarms: Vec<Found>,
}

/// What tells a line from others.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    alarm: Option<String>,
}

impl Evidence {
    /// The incident's heaviest alarm, or the first that the log still has; the alarm itself where there is no incident.
    #[must_use]
    pub fn heaviest(&self) -> Option<&Found> {
        let heaviest = self.incident.as_ref().map(|it| it.alarm.as_str());
        let is_it = |it: &&Found| Some(it.alarm.id.as_str()) == heaviest;
        self.alarms
            .iter()
            .find(is_it)
            .or_else(|| self.alarms.first())
    }

    /// The calls of every alarm with what followed it: the alarm came in the middle of the pattern.
    ///
    /// # Errors
    /// When one is not what a monitor writes.
    pub fn flights(&self) -> Result<Vec<Flight>, AlarmError> {
        let flight = |found: &Found| {
            let mut flight = found.alarm.alarm()?.flight;
            if let Some(after) = &found.aftermath {
                let after = after.aftermath()?;
                flight.extend(after.first_seq, &after.calls);
            }
            Ok(flight)
        };
        self.alarms.iter().map(flight).collect()
    }
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

    /// Refuses a log that another user could have written: what it names is not to be believed then.
    ///
    /// # Errors
    /// When that is so, or it cannot be looked at.
    pub fn check_trusted(&self) -> Result<(), LogError> {
        file::open_to_read(&self.path).map(drop)
    }

    /// The last alarm of this id, or of the only id that begins so. An incident's id stands for its heaviest alarm; as incidents
    /// are what is shown, the beginning of an id is an incident's if it can be.
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

    /// The last statement about each of the latest incidents, the latest last, and how many lines could not be read.
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

    /// Id, heaviest alarm and last line of the incident of this id, or of the only one that begins so.
    fn incident_line(&self, id: &str) -> Result<Option<(String, String, Vec<u8>)>, LogError> {
        let mut incidents = BTreeMap::new();
        self.lines(|head, line| {
            if let ("incident", Some(its), Some(alarm)) = (head.kind.as_str(), head.id, head.alarm)
                && its.starts_with(id)
                && (incidents.len() <= NAMED || incidents.contains_key(&its) || its == id)
            {
                incidents.insert(its, (alarm, line.to_vec()));
            }
        })?;
        if let Some((alarm, line)) = incidents.remove(id) {
            return Ok(Some((id.to_owned(), alarm, line)));
        }
        if incidents.len() > 1 {
            return Err(several("incidents", id, incidents.keys()));
        }
        let only = incidents.into_iter().next();
        Ok(only.map(|(its, (alarm, line))| (its, alarm, line)))
    }

    fn find_alarm(&self, id: &str) -> Result<Found, LogError> {
        let mut ids = BTreeSet::new();
        let (mut exact, mut begun) = (Pair::default(), Pair::default());
        let damaged = self.lines(
            |head, line| match (head.kind.as_str(), head.id, head.alarm) {
                ("alarm", Some(its), _) if its == id => exact.alarm(line),
                ("alarm", Some(its), _) if its.starts_with(id) => {
                    if ids.len() <= NAMED {
                        ids.insert(its);
                    }
                    begun.alarm(line);
                }
                ("aftermath", _, Some(its)) if its == id => exact.aftermath(line),
                ("aftermath", _, Some(its)) if its.starts_with(id) => begun.aftermath(line),
                _ => {}
            },
        )?;
        let pair = if exact.alarm.is_some() {
            exact
        } else if ids.len() > 1 {
            return Err(several("alarms", id, &ids));
        } else {
            begun
        };
        if pair.alarm.is_none() {
            return Err(self.missing("alarm", id));
        }
        pair.found(id, damaged)
    }

    fn missing(&self, what: &'static str, id: &str) -> LogError {
        LogError::Missing {
            what,
            id: escaped(id),
            path: self.path.clone(),
            lists: match what {
                "incident" => "incidents",
                _ => "explain",
            },
        }
    }

    /// Hands on every line that is a statement, the oldest first; gives how many are none.
    fn lines(&self, take: impl FnMut(Head, &[u8])) -> Result<u64, LogError> {
        lines::of(&self.path, take)
    }
}

fn escaped(id: &str) -> String {
    id.chars()
        .take(128)
        .collect::<String>()
        .escape_debug()
        .to_string()
}

fn parsed<T: DeserializeOwned>(what: &'static str, id: &str, line: &[u8]) -> Result<T, LogError> {
    let not_whole = |why: &dyn Display| LogError::NotWhole {
        what,
        id: escaped(id),
        why: why.to_string(),
    };
    serde_json::from_slice(line).map_err(|why| not_whole(&why))
}

/// That several ids begin alike.
fn several<'a>(
    what: &'static str,
    id: &str,
    ids: impl IntoIterator<Item = &'a String>,
) -> LogError {
    let mut ids = ids.into_iter();
    let named: Vec<_> = ids.by_ref().take(NAMED).map(|id| escaped(id)).collect();
    let more = if ids.next().is_some() { ", …" } else { "" };
    LogError::Several {
        what,
        id: escaped(id),
        named: format!("{}{more}", named.join(", ")),
    }
}

/// The last line of an alarm and of what followed it.
#[derive(Default)]
struct Pair {
    alarm: Option<Vec<u8>>,
    aftermath: Option<Vec<u8>>,
}

impl Pair {
    fn alarm(&mut self, line: &[u8]) {
        self.alarm = Some(line.to_vec());
        // What is there belongs to an earlier one of the same id.
        self.aftermath = None;
    }

    fn aftermath(&mut self, line: &[u8]) {
        self.aftermath = Some(line.to_vec());
    }

    fn found(self, id: &str, damaged: u64) -> Result<Found, LogError> {
        Ok(Found {
            alarm: parsed("alarm", id, &self.alarm.unwrap_or_default())?,
            aftermath: self
                .aftermath
                .and_then(|line| serde_json::from_slice(&line).ok()),
            damaged,
        })
    }
}
