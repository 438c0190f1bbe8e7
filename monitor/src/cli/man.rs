//! The manual pages, made of the same words as `--help`.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use super::status::Exit;

/// The section of commands for administrators.
const SECTION: &str = "8";

/// Writes `monitor.8` and a page for every command into `folder`, which must be there.
///
/// # Errors
/// When one cannot be written.
pub fn write(folder: &Path) -> Result<Exit> {
    let command = super::Cli::command().disable_help_subcommand(true);
    page(command, None, folder)?;
    Ok(Exit::Quiet)
}

fn page(mut command: clap::Command, above: Option<&str>, folder: &Path) -> Result<()> {
    let own = command.get_name().to_owned();
    let name = above.map_or_else(|| own.clone(), |above| format!("{above}-{own}"));
    command = command.display_name(&name).bin_name(name.replace('-', " "));
    command.build();
    let subcommands: Vec<_> = command
        .get_subcommands()
        .filter(|it| !it.is_hide_set() && it.get_name() != "help")
        .cloned()
        .collect();
    for sub in subcommands {
        page(sub.disable_help_subcommand(true), Some(&name), folder)?;
    }
    let mut text = Vec::new();
    let man = clap_mangen::Man::new(command).title(name.clone());
    man.section(SECTION).render(&mut text)?;
    let place = folder.join(format!("{name}.{SECTION}"));
    std::fs::write(&place, text).with_context(|| format!("cannot write {}", place.display()))
}
