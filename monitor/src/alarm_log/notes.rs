//! What people note about incidents: that they know of one, and that for a while they do not want
//! to be told of its like.
//!
//! Notes are lines of JSON in a file beside the log, which only this user and root may have
//! written: a running watch obeys them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::stored::lines;
use super::{LogError, beside, file};
use crate::incident::grouping::Suppression;
use crate::pipeline::reporting::Suppressions;
use crate::report::json::incident::IncidentRecord;
use crate::run::clock::{monotonic_ns, unix_s};
use crate::run::stamp::Stamp;
use crate::run::whole_lines::Turn;
use crate::who::redaction::harmless;

/// The version of the form of a note.
const SCHEMA: u32 = 1;

/// Bytes of notes that are read at most.
const MOST: u64 = 16 << 20;

/// The longest reason that is kept, bytes.
pub const LONGEST_REASON: usize = 512;

/// What somebody noted about an incident.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Note {
    /// Version of its form.
    pub schema: u32,
    /// What is noted.
    #[serde(rename = "type")]
    pub kind: NoteKind,
    /// The incident's id.
    pub incident: String,
    /// What it has in common with those alike
    /// ([`Incident::fingerprint`](crate::incident::Incident::fingerprint)).
    pub fingerprint: String,
    /// When it was noted, seconds since 1970.
    pub unix_s: u64,
    /// Who noted it: a user's name.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Until when incidents alike are not reported, seconds since 1970.
    pub until_unix_s: Option<u64>,
}

/// What can be noted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Somebody knows of the incident.
    Acknowledged,
    /// Incidents alike are not to be reported for a while.
    Suppressed,
    /// They are to be reported again.
    Unsuppressed,
}

/// The notes beside a log.
#[derive(Clone, Debug)]
pub struct Notes {
    path: PathBuf,
}

impl Note {
    /// A note of now.
    #[must_use]
    pub fn new(kind: NoteKind, incident: &str, fingerprint: &str) -> Self {
        Self {
            schema: SCHEMA,
            kind,
            incident: incident.to_owned(),
            fingerprint: fingerprint.to_owned(),
            unix_s: unix_s(),
            by: None,
            reason: None,
            until_unix_s: None,
        }
    }
}

impl Note {
    /// A note of now by this user about an incident.
    #[must_use]
    pub fn by_this_user(kind: NoteKind, incident: &IncidentRecord) -> Self {
        // Behind sudo it is a person, and not root.
        let person = std::env::var("SUDO_USER").ok().or_else(|| {
            let user = nix::unistd::User::from_uid(nix::unistd::Uid::current());
            Some(user.ok()??.name)
        });
        Self {
            by: person.map(|it| harmless(&it)),
            ..Self::new(kind, &incident.id, &incident.fingerprint)
        }
    }
}

impl Notes {
    /// Those beside the log at this place.
    #[must_use]
    pub fn of(log: &Path) -> Self {
        Self {
            path: beside(log, ".notes"),
        }
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds one.
    ///
    /// # Errors
    /// When it cannot be written, or another user could write there.
    pub fn add(&self, note: &Note) -> Result<(), LogError> {
        let mut line = serde_json::to_vec(note).unwrap_or_default();
        line.push(b'\n');
        let path = file::made(&self.path)?;
        let file = file::open(&path)?;
        let turn = Turn::at(&file).and_then(|turn| turn.append(&line));
        turn.and_then(|()| file.sync_all())
            .map_err(|error| LogError::Open { path, error })
    }

    /// All of them, oldest first, and how many lines could not be read. There are none where there
    /// is no file.
    ///
    /// # Errors
    /// When they cannot be read, or another user could have written them.
    pub fn read(&self) -> Result<(Vec<Note>, u64), LogError> {
        let file = match file::open_to_read(&self.path) {
            Err(LogError::Open { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Vec::new(), 0));
            }
            opened => opened?,
        };
        let mut notes = Vec::new();
        let damaged = lines::each(file.take(MOST), &mut |note: Note, _| {
            if note.schema == SCHEMA {
                notes.push(note);
            }
        });
        let damaged = damaged.map_err(|error| LogError::Open {
            path: self.path.clone(),
            error,
        })?;
        Ok((notes, damaged))
    }
}

/// The suppressions that are in force at a time: the last word about each fingerprint counts.
#[must_use]
pub fn in_force(notes: &[Note], now_unix_s: u64) -> BTreeMap<&str, &Note> {
    let mut last = BTreeMap::new();
    for note in notes {
        match note.kind {
            NoteKind::Suppressed => drop(last.insert(note.fingerprint.as_str(), note)),
            NoteKind::Unsuppressed => drop(last.remove(note.fingerprint.as_str())),
            NoteKind::Acknowledged => {}
        }
    }
    last.retain(|_, note| note.until_unix_s.is_some_and(|until| until > now_unix_s));
    last
}

/// Follows the suppressions of a log for a run.
#[derive(Debug)]
pub struct NotedSuppressions {
    notes: Notes,
    stamp: Option<Stamp>,
}

impl NotedSuppressions {
    /// Follows those beside the log at this place.
    #[must_use]
    pub fn of(log: &Path) -> Self {
        Self {
            notes: Notes::of(log),
            stamp: None,
        }
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.notes.path()
    }
}

impl Suppressions for NotedSuppressions {
    fn changed(&mut self) -> Option<Vec<Suppression>> {
        let about = fs::symlink_metadata(self.notes.path()).ok();
        let now = about.as_ref().map(Stamp::from);
        if now == self.stamp {
            return None;
        }
        self.stamp = now;
        let notes = match self.notes.read() {
            Ok((notes, _)) => notes,
            Err(why) => {
                log::warn!("suppressions are not obeyed: {why}");
                Vec::new()
            }
        };
        let (unix_s, now_ns) = (unix_s(), monotonic_ns());
        let suppression = |note: &&Note| {
            let left = note.until_unix_s.unwrap_or(0).saturating_sub(unix_s);
            Suppression {
                fingerprint: note.fingerprint.clone(),
                until_ns: now_ns.saturating_add(left.saturating_mul(1_000_000_000)),
                reason: note.reason.clone().unwrap_or_default(),
            }
        };
        Some(in_force(&notes, unix_s).values().map(suppression).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::{Note, NoteKind, NotedSuppressions, Notes, in_force, unix_s};
    use crate::pipeline::reporting::Suppressions as _;
    use crate::run::clock::monotonic_ns;

    fn suppressed(fingerprint: &str, until: u64) -> Note {
        Note {
            until_unix_s: Some(until),
            reason: Some("a test of ours".into()),
            ..Note::new(NoteKind::Suppressed, "01HF7YAT00", fingerprint)
        }
    }

    #[test]
    fn the_last_word_about_a_fingerprint_counts_until_its_time_is_over() {
        let lifted = Note::new(NoteKind::Unsuppressed, "01HF7YAT00", "b");
        let known = Note::new(NoteKind::Acknowledged, "01HF7YAT00", "a");
        let notes = [suppressed("a", 100), suppressed("b", 100), lifted, known];
        let named = |now| in_force(&notes, now).into_keys().collect::<Vec<_>>();
        assert_eq!(named(99), ["a"]);
        assert!(named(100).is_empty());
    }

    #[test]
    fn a_run_takes_up_what_is_noted_and_nothing_that_others_could_have_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("alarms.jsonl");
        let notes = Notes::of(&log);
        let mut followed = NotedSuppressions::of(&log);
        assert_eq!(followed.changed(), None, "no file is no change");
        notes.add(&suppressed("a", unix_s() + 60)).expect("written");
        let taken = followed.changed().expect("a change");
        assert_eq!(taken.len(), 1);
        assert!(taken[0].until_ns > monotonic_ns());
        assert_eq!(taken[0].reason, "a test of ours");
        assert_eq!(followed.changed(), None);
        notes.add(&suppressed("b", 1)).expect("written");
        assert_eq!(followed.changed().expect("a change").len(), 1, "b is over");
        let path = notes.path();
        assert_eq!(
            fs::metadata(path).expect("there").permissions().mode() & 0o777,
            0o600
        );
        fs::write(path, "{\"type\":\"suppressed\"}\nno JSON\n").expect("written");
        assert_eq!(notes.read().expect("readable"), (Vec::new(), 2));
        notes.add(&suppressed("a", unix_s() + 60)).expect("written");
        fs::set_permissions(path, Permissions::from_mode(0o666)).expect("ours");
        assert!(followed.changed().expect("a change").is_empty());
        fs::remove_file(path).expect("there");
        assert!(followed.changed().expect("a change").is_empty());
    }
}
