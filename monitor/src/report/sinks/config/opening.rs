//! From an output's configuration to where it goes.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::{Body, Kind, OutputConfig};
use crate::report::sinks::Destination;
use crate::report::sinks::alertmanager::Alerts;
use crate::report::sinks::file::{LineFile, Rotation};
use crate::report::sinks::http::{Form, Http};
use crate::report::sinks::journal::{self, Journal};
use crate::report::sinks::program::Program;
use crate::report::sinks::syslog::{self, Syslog, Transport};

/// How long a program may run by default.
const LIMIT: Duration = Duration::from_secs(10);

/// Files set aside that are kept by default.
const GENERATIONS: u32 = 10;

/// The port of syslog over UDP and TCP (RFC 5426, section 3.3; IANA's registry).
const SYSLOG_PORT: &str = ":514";

impl OutputConfig {
    pub(super) fn transport(&self) -> Option<Transport> {
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
            Kind::Journal => {
                let path = self.path.as_deref().unwrap_or(Path::new(journal::SOCKET));
                let journal = Journal::new(path);
                #[cfg(feature = "live")]
                let journal = journal.by_root();
                Box::new(journal)
            }
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
