//! `monitor config`: whether a configuration is right, what holds, and what may stand in one.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use monitor::config::{self, Loaded};
use monitor::trace::error::shown;

use super::status::{Exit, Usage};

/// Options of `monitor config`.
#[derive(Args, Clone, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

/// Where the configuration is.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// The configuration; files of the folder monitor.d beside it are read after it
    /// [default: /etc/monitor/monitor.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Says whether the configuration is right
    Check(PlaceArgs),
    /// Prints every value and where it comes from
    Show(PlaceArgs),
    /// Prints the JSON schema of a configuration
    Schema,
}

impl PlaceArgs {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(config::PLACE))
    }

    /// Whether it was named.
    pub const fn is_named(&self) -> bool {
        self.config.is_some()
    }

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(&self) -> Result<Loaded> {
        let loaded = config::load(self.path(), self.is_named());
        loaded.map_err(|errors| Usage(errors.to_string()).into())
    }
}

/// Checks or prints.
pub fn run(args: &ConfigArgs) -> Result<Exit> {
    let mut out = io::stdout().lock();
    match &args.action {
        Action::Check(place) => {
            let files = place.load()?.files;
            if files.is_empty() {
                let at = shown(place.path());
                writeln!(out, "there is no {at}: all values have their defaults")?;
            }
            for file in files {
                writeln!(out, "{} is right", shown(&file))?;
            }
        }
        Action::Show(place) => {
            let loaded = place.load()?;
            let values = loaded.values();
            let widest = values.iter().map(|(key, value, _)| key.len() + value.len());
            let widest = widest.max().unwrap_or(0).min(60);
            for (key, value, origin) in values {
                let padding = widest.saturating_sub(key.len() + value.len());
                let origin = origin.unwrap_or("default");
                writeln!(out, "{key} = {value}{:padding$}  # {origin}", "")?;
            }
        }
        Action::Schema => {
            serde_json::to_writer_pretty(&mut out, &config::schema())?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(Exit::Quiet)
}
