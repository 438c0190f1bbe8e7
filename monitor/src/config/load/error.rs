//! What is wrong with a configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::trace::error::shown;

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

pub(super) fn fault(file: &Path, line: Option<usize>, what: String) -> ConfigError {
    ConfigError {
        file: file.to_path_buf(),
        line,
        what,
    }
}
