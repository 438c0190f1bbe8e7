//! An output as a configuration or an option names it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Destination;
use super::alertmanager::Alerts;
use super::file::{LineFile, Rotation};
use super::http::{Form, Http};
use super::journal::{self, Journal};
use super::program::Program;
use super::syslog::{self, Syslog, Transport};
use crate::detect::severity::Severity;

/// How long a program may run by default.
const LIMIT: Duration = Duration::from_secs(10);

/// Files set aside that are kept by default.
const GENERATIONS: u32 = 10;

/// The port of syslog over UDP and TCP (RFC 5426, section 3.3; IANA's registry).
const SYSLOG_PORT: &str = ":514";

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

    fn transport(&self) -> Option<Transport> {
        let Some(url) = &self.url else {
            return Some(Transport::Local(syslog::SOCKET.into()));
        };
        if let Some(path) = url.strip_prefix("unix:") {
            return Some(Transport::Local(path.into()));
        }
        let with_port = |address: &str| {
            let address = address.trim_end_matches('/');
            let has_port = address
                .rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            match (address.is_empty(), has_port) {
                (true, _) => None,
                (false, true) => Some(address.to_owned()),
                (false, false) => Some(format!("{address}{SYSLOG_PORT}")),
            }
        };
        if let Some(address) = url.strip_prefix("udp://") {
            return with_port(address).map(Transport::Udp);
        }
        with_port(url.strip_prefix("tcp://")?).map(Transport::Tcp)
    }

    /// Opens it. What needs privileges happens now; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// A field that does not fit, or a file or program that cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Destination>> {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        self.check().map_err(invalid)?;
        let url = self.url.clone().unwrap_or_default();
        let headers: Vec<_> = self.headers.clone().into_iter().collect();
        Ok(match self.kind {
            Kind::Journal => Box::new(Journal::new(
                self.path.as_deref().unwrap_or(Path::new(journal::SOCKET)),
            )),
            Kind::Syslog => {
                let transport = self.transport().ok_or(io::ErrorKind::InvalidInput)?;
                Box::new(Syslog::new(transport))
            }
            Kind::Http => {
                let form = match self.format.unwrap_or_default() {
                    Body::Json => Form::Json,
                    Body::Falco => Form::Falco,
                };
                Box::new(Http::new(url, headers, form))
            }
            Kind::Alertmanager => {
                let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
                Box::new(Http::new(
                    url,
                    headers,
                    Form::Alertmanager(Alerts::default()),
                ))
            }
            Kind::File => {
                let rotation = Rotation {
                    size: self.size,
                    generations: self.generations.unwrap_or(GENERATIONS),
                    compress: self.compress,
                };
                let path = self.path.as_deref().ok_or(io::ErrorKind::InvalidInput)?;
                Box::new(LineFile::open(path, rotation)?)
            }
            Kind::Program => {
                let limit = self.limit_ms.map_or(LIMIT, Duration::from_millis);
                Box::new(Program::start(&self.command, self.user.as_deref(), limit)?)
            }
        })
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

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |it| it.0)
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    // A token may stand in the query.
    let path = path.split('?').next().unwrap_or(path);
    format!("{scheme}://{host}{path}")
}

/// What an option may say.
const FORMS: &str = "give one of journal, syslog, syslog+udp://HOST:PORT, syslog+tcp://HOST:PORT, http://…, \
                     falco+http://HOST:2801/, alertmanager+http://HOST:9093, file:PATH, program:PATH";

impl FromStr for OutputConfig {
    type Err = OutputError;

    /// An output as an option of one word names it, as in `falco+http://localhost:2801/`.
    fn from_str(text: &str) -> Result<Self, OutputError> {
        let refuse = |why: &str| OutputError {
            name: without_password(text),
            why: why.into(),
        };
        let output = if text == "journal" {
            Self::new(Kind::Journal)
        } else if text == "syslog" {
            Self::new(Kind::Syslog)
        } else if let Some(url) = text.strip_prefix("syslog+") {
            with_url(Kind::Syslog, url)
        } else if let Some(url) = text.strip_prefix("falco+") {
            Self {
                format: Some(Body::Falco),
                ..with_url(Kind::Http, url)
            }
        } else if let Some(url) = text.strip_prefix("alertmanager+") {
            with_url(Kind::Alertmanager, url)
        } else if matches!(scheme(text), "http" | "https") {
            with_url(Kind::Http, text)
        } else if let Some(path) = text.strip_prefix("file:") {
            Self {
                path: Some(path.into()),
                ..Self::new(Kind::File)
            }
        } else if let Some(program) = text.strip_prefix("program:") {
            Self {
                command: vec![program.into()],
                ..Self::new(Kind::Program)
            }
        } else {
            return Err(refuse(FORMS));
        };
        output.check()?;
        Ok(output)
    }
}

fn with_url(kind: Kind, url: &str) -> OutputConfig {
    OutputConfig {
        url: Some(url.into()),
        ..OutputConfig::new(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Kind, OutputConfig};
    use crate::report::sinks::syslog::Transport;

    fn of(text: &str) -> Result<OutputConfig, String> {
        text.parse()
            .map_err(|error: super::OutputError| error.to_string())
    }

    #[test]
    fn a_word_is_enough_for_each_kind() {
        let falco = of("falco+http://host:2801/").expect("fits");
        assert_eq!((falco.kind, falco.format), (Kind::Http, Some(Body::Falco)));
        assert_eq!(falco.shown_name(), "http http://host:2801/");
        assert_eq!(of("http://host/x").expect("fits").format, None);
        let syslog = of("syslog+tcp://host").expect("fits");
        assert_eq!(syslog.transport(), Some(Transport::Tcp("host:514".into())));
        let local = of("syslog").expect("fits");
        assert_eq!(local.transport(), Some(Transport::Local("/dev/log".into())));
        assert_eq!(of("program:/bin/x").expect("fits").command, ["/bin/x"]);
        assert_eq!(of("file:/x").expect("fits").shown_name(), "file /x");
        for wrong in [
            "",
            "nats://x",
            "syslog+x://y",
            "file",
            "program:x",
            "http",
            "falco+x",
        ] {
            let error = of(wrong).expect_err(wrong);
            assert!(error.contains("give "), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let output = of("http://user:secret@host:1/a?token=secret").expect("fits");
        assert_eq!(output.shown_name(), "http http://host:1/a");
        let error = of("https+http://user:secret@host/").expect_err("no kind");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_field_of_another_kind_is_refused() {
        let text = r#"{"type": "file", "path": "/x", "format": "falco"}"#;
        let output: OutputConfig = serde_json::from_str(text).expect("reads");
        let error = output.check().expect_err("refused").to_string();
        assert_eq!(error, "output file /x: format is for type http");
        let text = r#"{"type": "file", "paht": "/x"}"#;
        serde_json::from_str::<OutputConfig>(text).expect_err("unknown");
    }
}
