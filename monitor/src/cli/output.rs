//! `monitor outputs test`: whether an output takes what is sent to it.

use std::ffi::OsString;
use std::io::{self, Write as _};
#[cfg(feature = "live")]
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use monitor::report::hub::{Listener, Role};
use monitor::report::notice::{Notice, Stage};
#[cfg(feature = "live")]
use monitor::report::sinks::journal;
use monitor::report::sinks::{Notices, OutputConfig, program};
use monitor::run::snapshot::ModelIdentity;

use super::status::{Exit, Usage, in_words};

/// Options that name outputs of incidents.
#[derive(Args, Clone, Debug, Default)]
pub struct OutputToArgs {
    /// Send incidents there as well; may be repeated. One of: journal, journal:SOCKET, syslog,
    /// syslog+udp://HOST:PORT, syslog+tcp://HOST:PORT, http://HOST/PATH (own JSON),
    /// falco+http://HOST:2801/ (falcosidekick), alertmanager+http://HOST:9093, file:PATH,
    /// program:PATH
    #[arg(long, value_name = "OUTPUT")]
    output_to: Vec<OutputConfig>,
    /// Send no incident there that is less severe: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", requires = "output_to", value_parser = severity)]
    output_severity: Option<monitor::detect::severity::Severity>,
}

fn severity(text: &str) -> Result<monitor::detect::severity::Severity, String> {
    serde_json::from_value(text.into()).map_err(|_| "give low, medium, high or critical".to_owned())
}

impl OutputToArgs {
    /// Files that are written after the start.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.output_to.iter().filter_map(OutputConfig::file)
    }

    /// Whether an output is reached over IP.
    pub fn uses_network(&self) -> bool {
        self.output_to.iter().any(OutputConfig::uses_network)
    }

    /// The outputs, opened. What needs privileges happens now.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn listeners(&self, model: &ModelIdentity) -> Result<Vec<Listener>> {
        let open = |config: &OutputConfig| {
            let least = self.output_severity.unwrap_or(config.least_severity);
            let config = OutputConfig {
                least_severity: least,
                ..config.clone()
            };
            listener(&config, model, None)
        };
        self.output_to.iter().map(open).collect()
    }
}

/// An output, opened. What needs privileges happens now. `host_name` takes the place of the host's
/// own; an empty one leaves it out.
///
/// # Errors
/// When it cannot be opened.
pub fn listener(
    config: &OutputConfig,
    model: &ModelIdentity,
    host_name: Option<&str>,
) -> Result<Listener> {
    let host = host_name.map_or_else(host, |name| {
        Some(name.to_owned()).filter(|name| !name.is_empty())
    });
    let host: Option<Arc<str>> = host.map(Into::into);
    let destination = open(config)?;
    let notices = Notices::new(
        destination,
        config.least_severity,
        host,
        Some(model.clone()),
    );
    let mut listener = Listener::new(config.shown_name(), Role::Telling, Box::new(notices));
    listener.queue = config.queue;
    Ok(listener)
}

fn open(config: &OutputConfig) -> Result<Box<dyn monitor::report::sinks::Destination>> {
    config.open().map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidInput {
            return Usage(error.to_string()).into();
        }
        anyhow::Error::new(error).context(format!("cannot open the output {}", config.shown_name()))
    })
}

/// The name of this host.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = monitor::trace::error::shown(name.trim().as_ref());
    (!name.is_empty()).then_some(name)
}

/// Looks after outputs.
#[derive(Args, Clone, Debug)]
pub struct OutputsCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Sends a test incident to each output, opened and then closed, and says whether it was taken
    Test {
        /// The outputs, as --output-to names them
        #[arg(required = true, value_name = "OUTPUT")]
        outputs: Vec<OutputConfig>,
    },
}

/// Sends a test that opens and one that closes.
///
/// # Errors
/// When it is not taken.
pub fn test(config: &OutputConfig) -> Result<()> {
    let mut destination = open(config)?;
    for stage in [Stage::Opened, Stage::Closed] {
        destination.send(&Notice::test(host(), stage))?;
    }
    Ok(())
}

/// Tests every output that is named.
pub fn run(command: &OutputsCommand) -> Result<Exit> {
    let What::Test { outputs } = &command.what;
    let mut exit = Exit::Quiet;
    for config in outputs {
        let outcome = match test(config) {
            Ok(()) => "taken".to_owned(),
            Err(error) if error.is::<Usage>() => return Err(error),
            Err(error) => {
                exit = Exit::Failure;
                format!("not taken: {}", in_words(&error))
            }
        };
        writeln!(io::stdout(), "{}: {outcome}", config.shown_name())?;
    }
    Ok(exit)
}

/// Options of the helper that runs programs: see [`program`].
#[derive(Args, Clone, Debug)]
pub struct HelperArgs {
    /// Milliseconds that the program may run
    limit: u64,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Is the helper until its input ends.
pub fn help(args: &HelperArgs) -> Result<Exit> {
    let limit = Duration::from_millis(args.limit);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    program::serve(&args.command, limit, &mut input, &mut output).context("the helper's pipes")?;
    Ok(Exit::Quiet)
}

/// Sends what standard input gives to the journal.
#[cfg(feature = "live")]
pub fn send_to_journal(path: &Path) -> Result<Exit> {
    journal::serve(io::stdin().as_fd(), path).context("the helper's channel")?;
    Ok(Exit::Quiet)
}
