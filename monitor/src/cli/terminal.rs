//! How the monitor speaks to a terminal: colour, form, and what it says about itself.

use std::io::{self, IsTerminal, Write as _};

use clap::{Args, ValueEnum};
use console::Term;
use log::LevelFilter;
use monitor::report::cells::wrapped;
use monitor::report::remarks;

/// Options that every command takes.
#[derive(Args, Clone, Copy, Debug)]
pub struct TerminalArgs {
    /// What the monitor says about itself on standard error
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn", value_parser = level)]
    pub log_level: LevelFilter,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

fn level(text: &str) -> Result<LevelFilter, &'static str> {
    let level = text.parse();
    level.map_err(|_| "give off, error, warn, info, debug or trace")
}

impl TerminalArgs {
    /// When to use colour.
    pub const fn color(self) -> Color {
        self.color
    }
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Color {
    /// On a terminal that has any, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour what goes to a terminal or not.
    pub fn is_on(self, terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let has_none = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
                terminal && !refused && !has_none
            }
        }
    }
}

/// How to print.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// One line on standard error.
pub fn complain(what: &str) {
    remarks::remark(what);
}

/// Writes a row of a table to standard output. Where that is a terminal for which it is too long,
/// it goes on below, and no word is in two lines that one holds.
pub fn print_row(row: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // A terminal may not know its own size.
    match Term::stdout()
        .size_checked()
        .map(|(_, columns)| columns.into())
    {
        Some(columns) => wrapped(row, columns).try_for_each(|line| writeln!(out, "{line}")),
        None => writeln!(out, "{row}"),
    }
}

/// How wide the terminal of standard output, or of standard error, is; 80 columns where it does not
/// know.
pub fn columns(is_stderr: bool) -> usize {
    let terminal = if is_stderr {
        Term::stderr()
    } else {
        Term::stdout()
    };
    let size = terminal.size_checked();
    size.map_or(80, |(_, columns)| columns.into())
}

/// Whether standard error is a terminal.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Messages of the monitor, of its probe and of its libraries, on stderr.
pub fn start_logging(level: log::LevelFilter) {
    let style = if stderr_is_terminal() {
        env_logger::WriteStyle::Auto
    } else {
        env_logger::WriteStyle::Never
    };
    let mut logger = env_logger::Builder::new();
    logger.filter_level(level);
    // Every relocation of the probe is a message of its loader: too much to find the probe's own
    // in.
    if level == log::LevelFilter::Debug {
        for library in ["aya", "aya_obj"] {
            logger.filter_module(library, log::LevelFilter::Info);
        }
    }
    // It tries to raise the limit of locked memory, as the monitor did; where that matters, the
    // refusal says what to do.
    logger.filter_module("aya::sys", log::LevelFilter::Error);
    let logger = logger
        .target(env_logger::Target::Pipe(Box::new(remarks::RemarkWriter)))
        .write_style(style)
        .format_timestamp_millis();
    logger.init();
}
