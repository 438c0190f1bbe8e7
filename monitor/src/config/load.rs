//! Reading a configuration, and where each of its values comes from.

mod error;

mod merge;

mod values;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use toml::{Table, Value};

use super::Config;
use super::unknown;
use crate::response::plan::Plan;
use crate::trace::error::shown;

use error::fault;
pub use error::{ConfigError, ConfigErrors};
use merge::{Lines, lines_of, merge};
pub(super) use values::flat;

/// The largest file that is read, bytes.
const LARGEST: u64 = 1 << 20;

/// Files of `monitor.d` that are read.
const MOST_FILES: usize = 256;

/// A configuration and where its values come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// All values.
    pub config: Config,
    /// By dotted key: file and line of what is not a default.
    pub origins: BTreeMap<String, String>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
}

/// Reads `path` and the files in `monitor.d` beside it in the order of their names; later ones win,
/// and outputs add up. A missing `path` is a fault only where it was asked for by name.
///
/// # Errors
/// All that is wrong with the files; none of them counts then.
pub fn load(path: &Path, asked_for: bool) -> Result<Loaded, ConfigErrors> {
    let mut loaded = Loaded::default();
    let mut merged = Table::new();
    let mut errors = Vec::new();
    let mut take = |file: &Path, text: io::Result<String>| {
        let read =
            text.map_err(|error| vec![fault(file, None, format!("cannot be read: {error}"))]);
        match read.and_then(|text| parse(file, &text)) {
            Ok((table, lines)) => {
                let mut path = Vec::new();
                let mut origin = |key: String, line: usize| {
                    loaded
                        .origins
                        .insert(key, format!("{}:{line}", shown(file)));
                };
                merge(&mut merged, table, &lines, &mut path, &mut origin);
                loaded.files.push(file.to_path_buf());
            }
            Err(more) => errors.extend(more),
        }
    };
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !asked_for => {}
        text => take(path, text),
    }
    for file in dropped_in(path) {
        take(&file, read(&file));
    }
    if !errors.is_empty() {
        return Err(ConfigErrors(errors));
    }
    // Each file was read by itself, so that together they can be read too.
    loaded.config = Value::Table(merged)
        .try_into()
        .map_err(|error: toml::de::Error| {
            ConfigErrors(vec![fault(path, None, error.message().to_owned())])
        })?;
    check(path, &loaded)?;
    Ok(loaded)
}

/// What no type tells.
fn check(path: &Path, loaded: &Loaded) -> Result<(), ConfigErrors> {
    let mut errors = Vec::new();
    let mut wrong = |key: &str, what: &str| {
        let file = loaded.origins.get(key).and_then(|it| it.rsplit_once(':'));
        let (file, line) = file.map_or((path.to_path_buf(), None), |(file, line)| {
            (PathBuf::from(file), line.parse().ok())
        });
        errors.push(fault(&file, line, format!("{key}: {what}")));
    };
    let config = &loaded.config;
    if config.learning.at_most.0 < config.learning.at_least.0 {
        wrong("learning.at_most", "is shorter than learning.at_least");
    }
    if config.judging.threads == 0 {
        wrong("judging.threads", "give at least 1");
    }
    if config.discovery.at_most == 0 {
        wrong("discovery.at_most", "give at least 1");
    }
    for (at, output) in config.output.iter().enumerate() {
        if let Err(why) = output.checked() {
            wrong(&format!("output[{at}].type"), &why);
        }
    }
    if let Err((key, why)) = Plan::of(&config.actions) {
        wrong(&format!("actions.{key}"), &why);
    }
    if config.actions.undo_after.0.is_zero() {
        wrong("actions.undo_after", "give a time, as 10m");
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ConfigErrors(errors))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

/// The files of `monitor.d` beside `path`, in the order of their names.
fn dropped_in(path: &Path) -> Vec<PathBuf> {
    let folder = path.with_extension("d");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|it| it == "toml"))
        .take(MOST_FILES)
        .collect();
    files.sort();
    files
}

fn parse(file: &Path, text: &str) -> Result<(Table, Lines), Vec<ConfigError>> {
    let line_at = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let told = |error: &toml::de::Error| {
        let line = error.span().map(|span| line_at(span.start));
        vec![fault(file, line, error.message().replace('\n', " "))]
    };
    let spanned = DeTable::parse(text).map_err(|error| told(&error))?;
    let unknown = unknown::find(spanned.get_ref());
    if !unknown.is_empty() {
        let told = unknown.into_iter().map(|key| {
            let remedy = match key.nearest {
                Some(nearest) => format!("is {nearest} meant?"),
                None => format!("known here: {}", key.known.join(", ")),
            };
            let what = format!("there is no {}: {remedy}", key.key.escape_debug());
            fault(file, Some(line_at(key.at)), what)
        });
        return Err(told.collect());
    }
    // For the faults in this file alone, with their lines.
    toml::from_str::<Config>(text).map_err(|error| told(&error))?;
    let table = toml::from_str::<Table>(text).map_err(|error| told(&error))?;
    Ok((table, lines_of(spanned.get_ref(), &line_at)))
}
