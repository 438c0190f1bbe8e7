//! `monitor profile`: profiles shown, compared, merged and corrected.

mod accept;
mod diff;
mod seccomp;
mod show;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use monitor::profile::budget::Budget;
use monitor::profile::file::{self, lock::Lock};
use monitor::report::text::grouped;
use monitor::trace::error::shown;

use super::status::{Exit, Usage};
use super::{Format, complain};

pub use accept::reason;

/// Options of `monitor profile`.
#[derive(Args, Clone, Debug)]
pub struct ProfileCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Shows what a profile holds
    Show {
        /// The profile
        profile: PathBuf,
        /// Print an OCI seccomp profile that allows the calls that were learned, those that a
        /// container runtime needs to start any container, and nothing else
        #[arg(long)]
        seccomp: bool,
        /// With --seccomp: let the kernel log other calls in the place of refusing them
        #[arg(long, requires = "seccomp")]
        audit: bool,
        /// The false alarms to show thresholds for
        #[arg(long, value_name = "N/SPAN", default_value_t)]
        budget: Budget,
        /// How it is written
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
    },
    /// Makes one profile of several, of the same service on several hosts
    Merge {
        /// The profile to write
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
        /// Write it in the place of one that is there
        #[arg(long)]
        force: bool,
        /// The profiles
        #[arg(required = true, num_args = 2.., value_name = "PROFILE")]
        profiles: Vec<PathBuf>,
    },
    /// Says in what two profiles differ
    Diff {
        /// The one
        one: PathBuf,
        /// The other
        other: PathBuf,
    },
    /// Takes an incident or an alarm as normal: the same pattern is quiet from then on
    Accept(accept::AcceptArgs),
    /// Undoes an acceptance
    Unaccept(accept::AcceptArgs),
}

/// Does what is asked of profiles.
pub fn run(command: ProfileCommand) -> Result<Exit> {
    let out = &mut io::stdout();
    match command.command {
        Command::Accept(args) => return accept::accept(&args),
        Command::Unaccept(args) => return accept::unaccept(&args),
        Command::Show {
            profile,
            seccomp: true,
            audit,
            ..
        } => {
            let (profile, _) = file::read(&profile)?;
            let (json, nameless) = seccomp::profile(&profile, audit);
            if nameless > 0 {
                complain(&format!(
                    "{nameless} calls have no name in any table and are left out"
                ));
            }
            serde_json::to_writer_pretty(&mut *out, &json)?;
            writeln!(out)?;
        }
        Command::Show {
            profile,
            budget,
            format,
            ..
        } => {
            let (profile, sha256) = file::read(&profile)?;
            let shown = show::Shown::new(&profile, &sha256, &budget);
            match format {
                Format::Json => {
                    serde_json::to_writer(&mut *out, &shown)?;
                    writeln!(out)?;
                }
                Format::Text => out.write_all(shown.text()?.as_bytes())?,
            }
        }
        Command::Merge {
            output,
            force,
            profiles,
        } => {
            if output.exists() && !force {
                let at = shown(&output);
                return Err(Usage(format!("{at} is there already: replace it by --force")).into());
            }
            let _lock = match output.exists() {
                true => Some(Lock::of(&output, Duration::from_secs(5))?),
                false => None,
            };
            let count = profiles.len();
            let mut profiles = profiles.iter();
            let first = profiles.next().context("there are two at least")?;
            let (mut merged, _) = file::read(first)?;
            for path in profiles {
                let (other, _) = file::read(path)?;
                let merged = merged.merge(&other);
                merged.with_context(|| format!("{} cannot be added", shown(path)))?;
            }
            file::write(&output, &merged)?;
            writeln!(
                out,
                "merged {} profiles into {}: {} calls of {} threads, {} different calls, {} \
                 process names",
                count,
                shown(&output),
                grouped(merged.provenance.calls()),
                grouped(merged.provenance.lives()),
                merged.vocabulary.calls().len(),
                merged.known.names().len(),
            )?;
        }
        Command::Diff { one, other } => {
            let (one, other) = (file::read(&one)?.0, file::read(&other)?.0);
            out.write_all(diff::text(&one, &other)?.as_bytes())?;
        }
    }
    Ok(Exit::Quiet)
}
