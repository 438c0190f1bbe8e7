//! Reading a configuration, and where each of its values comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::Config;
use super::unknown;
use crate::response::plan::Plan;
use crate::trace::error::shown;

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

/// What is wrong with one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    /// Which.
    pub file: PathBuf,
    /// At which line, counted from 1.
    pub line: Option<usize>,
    /// What, and the remedy.
    pub what: String,
}

/// All that is wrong with a configuration.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&shown(&error.file))?;
            if let Some(line) = error.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {}", error.what)?;
        }
        Ok(())
    }
}

/// Reads `path` and the files in `monitor.d` beside it in the order of their names; later ones win, and outputs add up. A
/// missing `path` is a fault only where it was asked for by name.
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

fn fault(file: &Path, line: Option<usize>, what: String) -> ConfigError {
    ConfigError {
        file: file.to_path_buf(),
        line,
        what,
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

/// Line numbers, as a tree beside the values.
enum Lines {
    Value(usize),
    Table(BTreeMap<String, Lines>),
    Array(Vec<Lines>),
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

fn lines_of(table: &DeTable<'_>, line_at: &dyn Fn(usize) -> usize) -> Lines {
    let of = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), lines_of_value(value, line_at))
    };
    Lines::Table(table.iter().map(of).collect())
}

fn lines_of_value(value: &toml::Spanned<DeValue<'_>>, line_at: &dyn Fn(usize) -> usize) -> Lines {
    match value.get_ref() {
        DeValue::Table(table) => lines_of(table, line_at),
        DeValue::Array(values) if values.iter().any(|it| it.get_ref().is_table()) => Lines::Array(
            values
                .iter()
                .map(|it| lines_of_value(it, line_at))
                .collect(),
        ),
        _ => Lines::Value(line_at(value.span().start)),
    }
}

/// Puts `from` over `into`, table by table; arrays of tables add up.
fn merge(
    into: &mut Table,
    from: Table,
    lines: &Lines,
    path: &mut Vec<String>,
    origin: &mut dyn FnMut(String, usize),
) {
    let Lines::Table(lines) = lines else { return };
    for (key, value) in from {
        let Some(lines) = lines.get(&key) else {
            continue;
        };
        path.push(quoted(&key));
        match (into.get_mut(&key), value) {
            (Some(Value::Table(mine)), Value::Table(theirs)) => {
                merge(mine, theirs, lines, path, origin);
            }
            (Some(Value::Array(mine)), Value::Array(theirs))
                if matches!(lines, Lines::Array(_)) =>
            {
                note(lines, path, mine.len(), origin);
                mine.extend(theirs);
            }
            (_, value) => {
                note(lines, path, 0, origin);
                into.insert(key, value);
            }
        }
        path.pop();
    }
}

/// Notes where the values of a tree come from; those of an array follow `before` others.
fn note(
    lines: &Lines,
    path: &mut Vec<String>,
    before: usize,
    origin: &mut dyn FnMut(String, usize),
) {
    match lines {
        Lines::Value(line) => origin(path.join("."), *line),
        Lines::Table(table) => {
            for (key, lines) in table {
                path.push(quoted(key));
                note(lines, path, 0, origin);
                path.pop();
            }
        }
        Lines::Array(values) => {
            for (at, lines) in values.iter().enumerate() {
                let last = path.pop().unwrap_or_default();
                path.push(format!("{last}[{}]", before + at));
                note(lines, path, 0, origin);
                path.pop();
                path.push(last);
            }
        }
    }
}

/// A key as TOML writes it.
pub(super) fn quoted(key: &str) -> String {
    let is_bare = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        Value::String(key.to_owned()).to_string()
    }
}

impl Loaded {
    /// Every value as `(dotted key, TOML, origin)`; the origin of a default is `None`.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String, Option<&str>)> {
        let values = flat(&self.config);
        let told = values.into_iter().map(|(key, value)| {
            let origin = self.origins.get(&key).map(String::as_str);
            (key, value, origin)
        });
        told.collect()
    }
}

/// Every value of a configuration by its dotted key.
pub(super) fn flat(config: &Config) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    // A configuration is made of what TOML has.
    if let Ok(value) = Value::try_from(config) {
        flatten(&value, "", &mut values);
    }
    values
}

fn flatten(value: &Value, path: &str, values: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let key = quoted(key);
                let path = if path.is_empty() {
                    key
                } else {
                    format!("{path}.{key}")
                };
                flatten(value, &path, values);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (at, value) in items.iter().enumerate() {
                flatten(value, &format!("{path}[{at}]"), values);
            }
        }
        value => {
            values.insert(path.to_owned(), value.to_string());
        }
    }
}
