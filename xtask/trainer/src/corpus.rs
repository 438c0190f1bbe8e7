//! ADFA-LD, or a folder of the monitor's own recordings, as traces of vocabulary indices.

pub mod archive;
pub mod command;
pub mod entries;
pub mod files;
pub mod normal;
pub mod recordings;
pub mod statistics;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use monitor::trace::adfa::folder::Part;
use monitor::trace::adfa::parse;

pub use command::{Options, command};
use normal::NormalTraces;

/// One trace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trace {
    /// Its path inside the corpus, from the part's folder on, `/` between components.
    pub name: String,
    /// Its calls, as vocabulary indices; never empty.
    pub calls: Vec<u16>,
}

/// A file's path inside a corpus and its bytes.
pub type Named = (String, Vec<u8>);

/// What was left out and how often, by reason in words.
pub type Skipped = BTreeMap<String, u64>;

/// A corpus, its parts apart.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// What it is called in a manifest.
    pub name: String,
    /// Normal traces to learn from.
    pub training: NormalTraces,
    /// Normal traces to report on; empty for recordings.
    pub validation: Vec<Trace>,
    /// Traces of attacks; empty for recordings.
    pub attacks: Vec<Trace>,
    /// What was left out.
    pub skipped: Skipped,
    /// What a user should know of it, a sentence each.
    pub notes: Vec<String>,
}

impl Corpus {
    /// Reads ADFA-LD from the folder that holds its three parts or from its zip, or the recordings
    /// of normal runs in a folder, or one recording.
    ///
    /// # Errors
    /// A part that is missing or empty, a file that cannot be read or is no trace, an archive that
    /// is damaged, unpacks to far more than ADFA-LD, or names a file outside itself.
    pub fn read(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return if files::looks_like_adfa_ld(path) {
                let (files, skipped) = files::read(path)?;
                Self::of_files(path, files, skipped, Vec::new())
            } else {
                recordings::read(path)
            };
        }
        let start = files::start(path)?;
        if archive::is_zip(&start) {
            let (files, skipped, notes) = archive::read(path)?;
            return Self::of_files(path, files, skipped, notes);
        }
        if recordings::is_recording(&start) {
            return recordings::read(path);
        }
        bail!(
            "{} is neither a zip of ADFA-LD nor a recording; give ADFA-LD's folder or zip, or \
             recordings made with `monitor record`",
            path.display()
        )
    }

    /// Sorts the files of ADFA-LD into its parts.
    fn of_files(
        path: &Path,
        files: Vec<Named>,
        mut skipped: Skipped,
        notes: Vec<String>,
    ) -> Result<Self> {
        let mut parts: BTreeMap<Part, Vec<(Trace, Vec<u8>)>> = BTreeMap::new();
        for (name, bytes) in files {
            let Some((part, _)) = Part::of(Path::new(&name)) else {
                *skipped
                    .entry("outside ADFA-LD's three parts".to_owned())
                    .or_default() += 1;
                continue;
            };
            let calls = parse(&format!("{}/{name}", path.display()), &bytes)?;
            if calls.is_empty() {
                *skipped
                    .entry("trace without a call".to_owned())
                    .or_default() += 1;
                continue;
            }
            let from = name
                .find(part.folder())
                .context("the part's folder is in the name")?;
            let name = name[from..].to_owned();
            parts
                .entry(part)
                .or_default()
                .push((Trace { name, calls }, bytes));
        }
        let missing: Vec<&str> = Part::ALL
            .into_iter()
            .filter(|part| !parts.contains_key(part))
            .map(Part::folder)
            .collect();
        if !missing.is_empty() {
            bail!(
                "{} holds no trace in {}; ADFA-LD has three parts, give the folder or zip that \
                 holds all of them",
                path.display(),
                missing.join(" and ")
            );
        }
        let mut take = |part| parts.remove(&part).unwrap_or_default();
        let plain = |traces: Vec<(Trace, Vec<u8>)>| {
            let mut traces: Vec<Trace> = traces.into_iter().map(|(trace, _)| trace).collect();
            traces.sort_by(|a, b| a.name.cmp(&b.name));
            traces
        };
        Ok(Self {
            name: "ADFA-LD".to_owned(),
            training: NormalTraces::new(take(Part::Training)),
            validation: plain(take(Part::Validation)),
            attacks: plain(take(Part::Attack)),
            skipped,
            notes,
        })
    }
}

#[cfg(test)]
mod tests;
