//! Reads an alarm log, however damaged or hostile its lines are.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use monitor::report::json::alarm::AlarmRecord;
use monitor::report::json::thread::AftermathRecord;
use monitor::trace::error::shown;
use monitor::trace::input::without_mark;
use serde::Deserialize;

use crate::cli::alarm_log::former;

/// The longest line that is looked at: an alarm takes about 20 KB.
const LONGEST_LINE: u64 = 1 << 20;

/// Ids that are named when a prefix fits several.
const NAMED: usize = 5;

/// An alarm log, with the one that was set aside before it.
pub struct Log {
    path: PathBuf,
}

/// An alarm of the log.
pub struct Found {
    pub alarm: AlarmRecord,
    pub aftermath: Option<AftermathRecord>,
    /// Lines that could not be read.
    pub damaged: u64,
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
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn shown(&self) -> String {
        shown(&self.path)
    }

    /// The last alarm of this id, or of the only id that begins so. An incident's id stands for its heaviest alarm; as incidents are
    /// what is shown, the beginning of an id is an incident's if it can be.
    pub fn find(&self, id: &str) -> Result<Found> {
        let mut incidents = BTreeMap::new();
        self.lines(|head, _| {
            if let ("incident", Some(its), Some(alarm)) = (head.kind.as_str(), head.id, head.alarm)
                && its.starts_with(id)
                && (incidents.len() <= NAMED || incidents.contains_key(&its))
            {
                incidents.insert(its, alarm);
            }
        })?;
        let known = incidents.remove(id);
        if known.is_none() && incidents.len() > 1 {
            bail!(several("incidents", id, incidents.keys()));
        }
        match known.or_else(|| incidents.into_values().next()) {
            Some(alarm) => self.find_alarm(&alarm),
            None => self.find_alarm(id),
        }
    }

    fn find_alarm(&self, id: &str) -> Result<Found> {
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
            bail!(several("alarms", id, &ids));
        } else {
            begun
        };
        let Some(line) = pair.alarm else {
            bail!(
                "there is no alarm {} in {}: monitor explain lists the latest",
                id.escape_debug(),
                self.shown()
            );
        };
        let alarm = serde_json::from_slice(&line)
            .with_context(|| format!("the alarm {} is not whole", id.escape_debug()))?;
        Ok(Found {
            alarm,
            aftermath: pair
                .aftermath
                .and_then(|line| serde_json::from_slice(&line).ok()),
            damaged,
        })
    }

    /// The last alarms, the latest last, and how many lines could not be read.
    pub fn latest(&self, most: usize) -> Result<(Vec<AlarmRecord>, u64)> {
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

    /// Tells every line that is a statement, the oldest first; gives how many are none.
    fn lines(&self, mut tell: impl FnMut(Head, &[u8])) -> Result<u64> {
        let mut damaged = 0;
        if let Ok(file) = File::open(former(&self.path)) {
            damaged += each_line(file, &mut tell)
                .with_context(|| format!("cannot read {}", shown(&former(&self.path))))?;
        }
        let file = File::open(&self.path).map_err(|error| refusal(&self.path, &error))?;
        damaged +=
            each_line(file, &mut tell).with_context(|| format!("cannot read {}", self.shown()))?;
        Ok(damaged)
    }
}

/// That several ids begin alike.
fn several<'a>(what: &str, id: &str, ids: impl IntoIterator<Item = &'a String>) -> String {
    let mut ids = ids.into_iter();
    let named = ids
        .by_ref()
        .take(NAMED)
        .map(|id| id.escape_debug().to_string());
    let named: Vec<_> = named.collect();
    format!(
        "several {what} begin with {}: {}{}; give more of the id",
        id.escape_debug(),
        named.join(", "),
        if ids.next().is_some() { ", …" } else { "" }
    )
}

fn refusal(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let remedy = match error.kind() {
        ErrorKind::NotFound => "no live run of this user has kept one; name it by --alarm-log",
        ErrorKind::PermissionDenied => "run as the user who watched, as by sudo",
        _ => "name another by --alarm-log",
    };
    anyhow::anyhow!(
        "cannot read the alarm log {} ({error}): {remedy}",
        shown(path)
    )
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
}

fn each_line(file: File, tell: &mut impl FnMut(Head, &[u8])) -> std::io::Result<u64> {
    let mut reader = BufReader::new(file);
    let mut damaged = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(damaged);
        }
        if line.last() != Some(&b'\n') && length as u64 == LONGEST_LINE {
            damaged += 1;
            reader.skip_until(b'\n')?;
            continue;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(without_mark(&line)) {
            Ok(head) => tell(head, without_mark(&line)),
            Err(_) => damaged += 1,
        }
    }
}
