//! One POST a notice.

use std::io;
use std::time::Duration;

use ureq::Agent;

use super::alertmanager::Alerts;
use super::{Destination, falco};
use crate::report::notice::Notice;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a whole request may take.
const WHOLE: Duration = Duration::from_secs(10);

/// The body of a request.
#[derive(Debug)]
pub enum Form {
    /// Falco's JSON output.
    Falco,
    /// The monitor's own record.
    Json,
    /// Alertmanager's API v2.
    Alertmanager(Alerts),
}

/// A server.
pub struct Http {
    agent: Agent,
    url: String,
    headers: Vec<(String, String)>,
    form: Form,
}

impl Http {
    /// The server behind `url`, to which nothing is sent yet.
    #[must_use]
    pub fn new(url: String, headers: Vec<(String, String)>, form: Form) -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "tls")]
        let config = config.tls_config(trusted_by_the_host());
        Self {
            agent: config.build().into(),
            url,
            headers,
            form,
        }
    }

    fn post(&self, body: &[u8]) -> io::Result<()> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send(body).map_err(ureq::Error::into_io)?;
        match response.status().as_u16() {
            200..300 => Ok(()),
            // Too slow, or too many: later it may be taken.
            code @ (408 | 425 | 429) => Err(io::Error::other(answered(code))),
            code @ 400..500 => Err(io::Error::new(io::ErrorKind::InvalidData, answered(code))),
            code => Err(io::Error::other(answered(code))),
        }
    }
}

/// Certificates are judged as the host judges them.
#[cfg(feature = "tls")]
fn trusted_by_the_host() -> ureq::tls::TlsConfig {
    // Whoever came first has set the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .build()
}

fn answered(code: u16) -> String {
    format!("it answered with status {code}")
}

impl Destination for Http {
    fn send(&mut self, notice: &Notice) -> io::Result<()> {
        let body = match &self.form {
            Form::Falco => falco::body(notice)?,
            Form::Json => notice.record.clone().into_bytes(),
            Form::Alertmanager(alerts) => alerts.body(notice)?,
        };
        self.post(&body)?;
        if let Form::Alertmanager(alerts) = &mut self.form {
            alerts.taken(notice);
        }
        Ok(())
    }
}
