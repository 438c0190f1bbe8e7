//! What incidents say of host and processes, as the command line says it.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use monitor::alarm_log::notes::NotedSuppressions;
use monitor::incident::Incidents;
use monitor::pipeline::Reporting;
use monitor::service::host::Host as HostFiles;
use monitor::who::Host;
use monitor::who::processes::ProcessBook;
use monitor::who::redaction::Redaction;

use super::status::Usage;

/// Options that say what is told of host and processes.
#[derive(Args, Clone, Debug)]
pub struct WhoArgs {
    /// The host's name in incidents; empty to leave it out [default: its own]
    #[arg(long, value_name = "NAME")]
    host_name: Option<String>,
    /// Hide what this regular expression finds in command lines: its groups, or all of it where it
    /// has none [default: values of passwords, tokens, keys and the like]
    #[arg(long, value_name = "PATTERN")]
    redact: Option<String>,
}

impl WhoArgs {
    /// The same with another name for the host where no option gives one.
    #[must_use]
    pub fn or_named(mut self, host_name: Option<&str>) -> Self {
        self.host_name = self.host_name.or_else(|| host_name.map(str::to_owned));
        self
    }

    /// Groups alarms, and knows the processes of this host.
    ///
    /// # Errors
    /// When the pattern is none, or no thread can be started.
    pub fn reporting(
        &self,
        again_after: Option<Duration>,
        suppressions: Option<NotedSuppressions>,
    ) -> Result<Reporting> {
        let redaction = match &self.redact {
            None => Redaction::default(),
            Some(pattern) => Redaction::new(pattern)
                .map_err(|why| Usage(format!("--redact is no regular expression: {why}")))?,
        };
        let host = Host::this(self.host_name.as_deref());
        let book = ProcessBook::start(Some(host), HostFiles::of_environment(), redaction);
        let book = book.context("a thread that reads processes cannot be started")?;
        Ok(Reporting {
            incidents: Incidents::new(again_after),
            identify: Some(Box::new(book)),
            suppressions: suppressions.map(|it| Box::new(it) as _),
        })
    }
}
