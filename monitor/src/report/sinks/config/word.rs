//! An output in one word, as an option gives it.

use std::str::FromStr;

use super::{Body, Kind, OutputConfig, OutputError};

pub(super) fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |it| it.0)
}

pub(super) fn without_password(url: &str) -> String {
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
const FORMS: &str = "give one of journal, journal:SOCKET, syslog, syslog+udp://HOST:PORT, \
                     syslog+tcp://HOST:PORT, http://…, falco+http://HOST:2801/, \
                     alertmanager+http://HOST:9093, file:PATH, program:PATH";

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
        } else if let Some(path) = text.strip_prefix("journal:") {
            Self {
                path: Some(path.into()),
                ..Self::new(Kind::Journal)
            }
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
