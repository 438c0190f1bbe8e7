//! ADFA-LD, or a folder of the monitor's own recordings, as traces of vocabulary indices.

pub mod normal;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use monitor::trace::adfa::folder::{self, Part};
use monitor::trace::adfa::parse;

use normal::NormalTraces;

/// The most bytes that one trace file may have; ADFA-LD's largest has under 20,000.
const LARGEST_FILE: u64 = 64 << 20;

/// One trace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trace {
    /// Its path inside the corpus, `/` between parts.
    pub name: String,
    /// Its calls, as vocabulary indices; never empty.
    pub calls: Vec<u16>,
}

/// A corpus, its parts apart.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// What it is called in a manifest.
    pub name: String,
    /// Normal traces to learn from.
    pub training: NormalTraces,
    /// Normal traces to report on.
    pub validation: Vec<Trace>,
    /// Traces of attacks.
    pub attacks: Vec<Trace>,
    /// What was left out and how often, by reason.
    pub skipped: BTreeMap<String, u64>,
}

impl Corpus {
    /// Reads ADFA-LD from the folder that holds its three parts.
    ///
    /// # Errors
    /// A part that is missing or empty, a file that cannot be read or is no trace.
    pub fn read(path: &Path) -> Result<Self> {
        let listing = folder::list(path)?;
        ensure!(
            listing.three_parts,
            "{} does not hold {}, {} and {}; give the folder that does",
            path.display(),
            Part::Training.folder(),
            Part::Validation.folder(),
            Part::Attack.folder()
        );
        let mut files = Vec::new();
        for relative in listing.files {
            let full = path.join(&relative);
            let name = relative.to_string_lossy().into_owned();
            let bytes = read_bounded(&full).with_context(|| full.display().to_string())?;
            files.push((name, bytes));
        }
        let skipped = listing
            .skipped
            .into_iter()
            .map(|(why, n)| (why.to_owned(), n))
            .collect();
        Self::from_files(path, files, skipped)
    }

    fn from_files(
        path: &Path,
        files: Vec<(String, Vec<u8>)>,
        mut skipped: BTreeMap<String, u64>,
    ) -> Result<Self> {
        let mut parts: BTreeMap<Part, Vec<(Trace, Vec<u8>)>> = BTreeMap::new();
        for (name, bytes) in files {
            let Some((part, _)) = Part::of(Path::new(&name)) else {
                *skipped
                    .entry("file outside the three parts".to_owned())
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
            parts
                .entry(part)
                .or_default()
                .push((Trace { name, calls }, bytes));
        }
        for part in Part::ALL {
            if !parts.contains_key(&part) {
                bail!("{}: {} holds no trace", path.display(), part.folder());
            }
        }
        let mut take = |part| parts.remove(&part).unwrap_or_default();
        let plain =
            |traces: Vec<(Trace, Vec<u8>)>| traces.into_iter().map(|(trace, _)| trace).collect();
        Ok(Self {
            name: "ADFA-LD".to_owned(),
            training: NormalTraces::new(take(Part::Training)),
            validation: plain(take(Part::Validation)),
            attacks: plain(take(Part::Attack)),
            skipped,
        })
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= LARGEST_FILE,
        "is larger than {LARGEST_FILE} bytes, so it is no trace"
    );
    Ok(bytes)
}

/// Writes a whole file or nothing: first beside it, then renamed.
///
/// # Errors
/// The folder is missing, full or not writable.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path
        .file_name()
        .context("a file name is needed")?
        .to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written
        .inspect_err(|_| drop(fs::remove_file(&beside)))
        .with_context(|| path.display().to_string())
}
