//! Finding what an id, or the beginning of one, stands for.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::{Found, Log};
use crate::alarm_log::LogError;

/// Ids that are named when a prefix fits several.
const NAMED: usize = 5;

impl Log {
    /// Id, heaviest alarm and last line of the incident of this id, or of the only one that begins
    /// so.
    pub(super) fn incident_line(
        &self,
        id: &str,
    ) -> Result<Option<(String, String, Vec<u8>)>, LogError> {
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

    pub(super) fn find_alarm(&self, id: &str) -> Result<Found, LogError> {
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

    pub(super) fn missing(&self, what: &'static str, id: &str) -> LogError {
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
}

pub(super) fn escaped(id: &str) -> String {
    id.chars()
        .take(128)
        .collect::<String>()
        .escape_debug()
        .to_string()
}

pub(super) fn parsed<T: DeserializeOwned>(
    what: &'static str,
    id: &str,
    line: &[u8],
) -> Result<T, LogError> {
    serde_json::from_slice(line).map_err(|why| LogError::NotWhole {
        what,
        id: escaped(id),
        why: why.to_string(),
    })
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
pub(super) struct Pair {
    pub(super) alarm: Option<Vec<u8>>,
    aftermath: Option<Vec<u8>>,
}

impl Pair {
    pub(super) fn alarm(&mut self, line: &[u8]) {
        self.alarm = Some(line.to_vec());
        // What is there belongs to an earlier one of the same id.
        self.aftermath = None;
    }

    pub(super) fn aftermath(&mut self, line: &[u8]) {
        self.aftermath = Some(line.to_vec());
    }

    pub(super) fn found(self, id: &str, damaged: u64) -> Result<Found, LogError> {
        Ok(Found {
            alarm: parsed("alarm", id, &self.alarm.unwrap_or_default())?,
            aftermath: self
                .aftermath
                .and_then(|line| serde_json::from_slice(&line).ok()),
            damaged,
        })
    }
}
