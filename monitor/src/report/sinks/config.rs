//! An output as a configuration or an option names it.

mod opening;

mod word;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::syslog::Transport;
use crate::detect::severity::Severity;
use word::{scheme, without_password};

/// Which kind of output.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// systemd's journal.
    Journal,
    /// Syslog.
    Syslog,
    /// One POST an incident.
    Http,
    /// Prometheus' Alertmanager.
    Alertmanager,
    /// Lines of JSON in a file.
    File,
    /// A program with the incident on its standard input.
    Program,
}

/// The body of a POST.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// The monitor's own record.
    #[default]
    Json,
    /// Falco's JSON output.
    Falco,
}

/// An output: which fields it has depends on its kind.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OutputConfig {
    /// Which kind.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What messages, status and metrics call it; by default its kind and address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `http`, `alertmanager`: where to post. `syslog`: `udp://HOST:PORT`, `tcp://HOST:PORT` or
    /// `unix:PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `http`: the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Body>,
    /// `http`, `alertmanager`: more headers of the request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// `file`, `journal`: where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// `file`: from this size on, bytes, it is set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// `file`: files set aside that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generations: Option<u32>,
    /// `file`: whether those are compressed.
    #[serde(default)]
    pub compress: bool,
    /// `program`: the program and its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// `program`: the user it runs as; by default `nobody` where the monitor is root's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `program`: how long it may run, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<u64>,
    /// Incidents that are less severe do not go there.
    #[serde(default)]
    pub least_severity: Severity,
    /// Statements that may wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
}

/// Why an output makes no sense.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("output {name}: {why}")]
pub struct OutputError {
    name: String,
    why: String,
}

impl OutputConfig {
    /// One of a kind, with nothing else said.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            name: None,
            url: None,
            format: None,
            headers: BTreeMap::new(),
            path: None,
            size: None,
            generations: None,
            compress: false,
            command: Vec::new(),
            user: None,
            limit_ms: None,
            least_severity: Severity::Low,
            queue: None,
        }
    }

    /// What messages, status and metrics call it.
    #[must_use]
    pub fn shown_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let place = match self.kind {
            Kind::Journal => None,
            Kind::Program => self.command.first().cloned(),
            Kind::File => self.path.as_deref().map(crate::trace::error::shown),
            // A password in a URL is for its server alone.
            _ => self.url.as_deref().map(without_password),
        };
        match place {
            Some(place) => format!("{} {place}", self.kind),
            None => self.kind.to_string(),
        }
    }

    /// Whether every field fits the kind.
    ///
    /// # Errors
    ///
    /// What does not, and what would.
    pub fn check(&self) -> Result<(), OutputError> {
        let refuse = |why: &str| {
            Err(OutputError {
                name: self.shown_name(),
                why: why.into(),
            })
        };
        match self.kind {
            Kind::Http | Kind::Alertmanager => match self.url.as_deref().map(scheme) {
                Some("http") => {}
                Some("https") if cfg!(feature = "tls") => {}
                Some("https") => {
                    return refuse("this build has no TLS: build it with the feature tls");
                }
                _ => return refuse("give its url, as in http://HOST:PORT/"),
            },
            Kind::Syslog if self.transport().is_none() => {
                return refuse("give its url as udp://HOST:PORT, tcp://HOST:PORT or unix:PATH");
            }
            Kind::File if self.path.is_none() => return refuse("give its path"),
            Kind::Program if self.command.first().is_none_or(|it| !it.starts_with('/')) => {
                return refuse("give its command, with the program's whole path first");
            }
            _ => {}
        }
        let foreign = [
            (
                self.format.is_some() && self.kind != Kind::Http,
                "format is for type http",
            ),
            (
                self.size.is_some() && self.kind != Kind::File,
                "size is for type file",
            ),
            (
                self.generations.is_some() && self.kind != Kind::File,
                "generations is for type file",
            ),
            (
                self.compress && self.kind != Kind::File,
                "compress is for type file",
            ),
            (
                !self.command.is_empty() && self.kind != Kind::Program,
                "command is for type program",
            ),
            (
                self.user.is_some() && self.kind != Kind::Program,
                "user is for type program",
            ),
            (
                self.limit_ms.is_some() && self.kind != Kind::Program,
                "limit_ms is for type program",
            ),
            (
                self.queue == Some(0),
                "a queue has room for at least 1 statement",
            ),
        ];
        match foreign.iter().find(|it| it.0) {
            Some((_, why)) => refuse(why),
            None => Ok(()),
        }
    }

    /// The file that is written, which may be made anew at any time.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.path.as_deref().filter(|_| self.kind == Kind::File)
    }

    /// Whether it is reached over IP.
    #[must_use]
    pub fn uses_network(&self) -> bool {
        match self.kind {
            Kind::Http | Kind::Alertmanager => true,
            Kind::Syslog => !matches!(self.transport(), None | Some(Transport::Local(_))),
            Kind::Journal | Kind::File | Kind::Program => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Journal => "journal",
            Self::Syslog => "syslog",
            Self::Http => "http",
            Self::Alertmanager => "alertmanager",
            Self::File => "file",
            Self::Program => "program",
        })
    }
}

#[cfg(test)]
mod tests;
