//! The configuration of a monitor that guards a host: `/etc/monitor/monitor.toml` and the files
//! beside it in `monitor.d`.
//!
//! Without any file every value has its default, and that is sensible.

pub mod values;

mod defaults;

pub(crate) mod settings;

pub mod outputs;

mod unknown;

pub use unknown::schema;

pub mod load;

pub mod diff;

pub use load::{ConfigErrors, Loaded, load};
pub use settings::Settings;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use values::{Alarms, Level, Share, Size, Span};

/// Where the configuration is.
pub const PLACE: &str = "/etc/monitor/monitor.toml";

/// A whole configuration.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Config {
    /// The host as outputs name it.
    pub host: Host,
    /// Which services are watched.
    pub discovery: Discovery,
    /// How services are learned.
    pub learning: Learning,
    /// How services are judged.
    pub judging: Judging,
    /// Other values for some services, by key; globs are allowed.
    pub service: BTreeMap<String, Service>,
    /// What is reported.
    pub alarms: Reporting,
    /// The monitor's own metrics.
    pub metrics: Metrics,
    /// Where incidents go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<Output>,
    /// What is done about an incident, by its severity.
    pub actions: Actions,
}

/// The host as outputs name it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Host {
    /// Its name: `auto` for the host's own, empty to leave it out.
    pub name: String,
}

/// Which services are watched.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Discovery {
    /// Globs of services to watch. One without a kind in front is of a name: `*.service`,
    /// `container:*`.
    pub include: Vec<String>,
    /// Globs of those to leave out.
    pub exclude: Vec<String>,
    /// Whether a user's systemd units are services of their own.
    pub user_units: bool,
    /// Services that are watched at once, at most.
    pub at_most: usize,
}

/// How services are learned.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Learning {
    /// The least time to learn before a service is watched.
    pub at_least: Span,
    /// After this time a service that is not fit is watched all the same, as unsettled.
    pub at_most: Span,
    /// Calls that must have been learned.
    pub least_calls: u64,
    /// Whether a person approves each service before it is watched.
    pub review: bool,
}

/// How services are judged.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Judging {
    /// False alarms of one service that are acceptable.
    pub budget: Alarms,
    /// What the monitor may use of one core.
    pub cpu: Share,
    /// Whether a watched service is learned on, slowly.
    pub adapt: bool,
    /// Threads of one service that are followed at once.
    pub threads: usize,
}

/// Other values for one service, or for those that a glob names.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Service {
    /// See `judging.budget`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Alarms>,
    /// See `judging.adapt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapt: Option<bool>,
    /// See `judging.threads`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// See `learning.at_least`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Span>,
    /// See `learning.at_most`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Span>,
    /// See `learning.least_calls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_calls: Option<u64>,
    /// See `learning.review`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<bool>,
}

/// What is reported.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Reporting {
    /// Repeats of an alarm are suppressed for this long.
    pub again_after: Span,
    /// Alarms of one service within a minute; what is more is counted.
    pub per_minute: usize,
    /// Alarms of a service within this time are one incident.
    pub group_within: Span,
    /// Incidents below this severity are logged and not reported.
    pub least_severity: Level,
}

/// The monitor's own metrics.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Metrics {
    /// The address to serve them at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// The file to write them to, for node_exporter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub textfile: Option<PathBuf>,
}

/// A place that incidents go to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Output {
    /// Which kind of place: journal, syslog, http, alertmanager, file or program.
    #[serde(rename = "type")]
    pub kind: String,
    /// What messages, status and metrics call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of what form, of `http`: json or falco.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The address, of one in the network; of syslog, `udp://HOST:PORT`, `tcp://HOST:PORT` or
    /// `unix:PATH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// From this size on the file is set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Files set aside that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generations: Option<u32>,
    /// Whether files set aside are compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compress: Option<bool>,
    /// More headers of the request, of `http` and `alertmanager`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The program with its arguments, of `program`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The user that it runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How long it may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Span>,
    /// Incidents below this severity do not go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_severity: Option<Level>,
    /// Statements that may wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
}

/// What is done about an incident, by its severity.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Actions {
    /// Whether it is only logged what would be done.
    pub dry_run: bool,
    /// Actions of all incidents within an hour, at most.
    pub per_hour: usize,
    /// After this time what was frozen or stopped goes on.
    pub undo_after: Span,
    /// Globs of services that are never touched, beside those that no configuration names.
    pub never: Vec<String>,
    /// For critical incidents: `hook:PATH`, `freeze`, `stop`, `kill`.
    pub critical: Vec<String>,
    /// For those of high severity.
    pub high: Vec<String>,
    /// For those of medium severity.
    pub medium: Vec<String>,
    /// For those of low severity.
    pub low: Vec<String>,
}

#[cfg(test)]
mod tests;
