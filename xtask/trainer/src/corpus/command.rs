//! `cargo xtask corpus`: what is in a corpus.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use monitor::syscall::adfa;

use super::Corpus;
use super::statistics::{Part, Statistics};

/// Options of `cargo xtask corpus`.
#[derive(Args, Debug)]
pub struct Options {
    /// ADFA-LD's folder or zip, or a folder of recordings of normal runs.
    #[arg(long, value_name = "PATH", env = "MONITOR_ADFA_LD")]
    data: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// A table.
    #[default]
    Text,
    /// JSON.
    Json,
}

/// Runs the command.
///
/// # Errors
/// See [`Corpus::read`].
pub fn command(options: &Options) -> Result<()> {
    let statistics = Statistics::of(&Corpus::read(&options.data)?);
    match options.format {
        Format::Text => print!("{}", text(&statistics)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&statistics)?),
    }
    Ok(())
}

fn text(statistics: &Statistics) -> String {
    let mut text = format!(
        "{}, SHA-256 of its training part {}\n\n",
        statistics.name, statistics.training_sha256
    );
    let parts = &statistics.parts;
    let mut row = |name: &str, cell: &dyn Fn(&Part) -> String| {
        let _ = write!(text, "{name:32}");
        for (_, part) in parts {
            let _ = write!(text, "{:>12}", cell(part));
        }
        text.push('\n');
    };
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    row("traces", &|part| part.traces.to_string());
    row("calls", &|part| part.calls.to_string());
    row("distinct calls", &|part| part.distinct_calls.to_string());
    row("largest number", &|part| part.largest_number.to_string());
    row("longest trace", &|part| part.longest.to_string());
    row("shortest trace", &|part| part.shortest.to_string());
    row("traces repeating an earlier one", &|part| {
        part.repeats.to_string()
    });
    row("times the commonest trace occurs", &|part| {
        part.commonest.to_string()
    });
    row("traces equal to a training trace", &|part| {
        part.also_in_training.to_string()
    });
    row("traces with a call never trained", &|part| {
        part.traces_with_such.to_string()
    });
    let heading: String = names.iter().map(|name| format!("{name:>12}")).collect();
    text.insert_str(
        text.find("\n\n").map_or(0, |at| at + 2),
        &format!("{:32}{heading}\n", ""),
    );
    if parts.len() > 1 {
        let _ = writeln!(
            text,
            "\nvalidation traces equal to an attack: {}",
            statistics.validation_equal_to_attack
        );
    }
    for (name, part) in parts {
        if part.never_in_training.is_empty() {
            continue;
        }
        let calls = part.never_in_training.iter().map(|(&call, traces)| {
            format!("{call} {} (in {traces})", adfa::name(call).unwrap_or("-"))
        });
        let _ = writeln!(
            text,
            "{name}: calls that training never shows: {}",
            calls.collect::<Vec<_>>().join(", ")
        );
    }
    for (reason, count) in &statistics.skipped {
        let _ = writeln!(text, "skipped {count}: {reason}");
    }
    for note in &statistics.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
