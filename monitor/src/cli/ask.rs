//! Asking a running guard.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use hyper::{Method, StatusCode};
use monitor::guard::board::{HostStatus, ServiceStatus};
use monitor::guard::control::{self, Client};
use serde_json::Value;

use super::Format;

/// Bytes of an answer that are kept at most.
pub const LARGEST_ANSWER: usize = 64 << 20;

/// Whom to ask, and how to print what they say.
#[derive(Args, Clone, Debug)]
pub struct AskArgs {
    /// Where the guard's control socket is
    #[arg(long, global = true, value_name = "PATH", default_value = control::PLACE)]
    socket: PathBuf,
    /// How the answer is written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

impl AskArgs {
    /// Asks at a socket.
    pub const fn new(socket: PathBuf, format: Format) -> Self {
        Self { socket, format }
    }

    /// The whole answer.
    pub fn ask(&self, method: Method, path: &str) -> Result<Vec<u8>> {
        let mut answer = Vec::new();
        let status = self.pieces(method, path, |piece| {
            answer.extend_from_slice(piece);
            answer.len() < LARGEST_ANSWER
        })?;
        if status == StatusCode::OK {
            return Ok(answer);
        }
        let told: Option<Value> = serde_json::from_slice(&answer).ok();
        let told = told.as_ref().and_then(|it| it["error"].as_str());
        bail!("{}", told.unwrap_or(status.as_str()))
    }

    /// Hands on the pieces of an answer until `take` has enough.
    pub fn pieces(
        &self,
        method: Method,
        path: &str,
        take: impl FnMut(&[u8]) -> bool,
    ) -> Result<StatusCode> {
        let asked = Client::new(&self.socket).ask(method, path, take);
        asked.with_context(|| {
            let at = self.socket.display();
            format!(
                "nobody answers at {at}: is monitor guard running, and are you root or in the \
                     group monitor?"
            )
        })
    }

    /// How the host stands.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn status(&self) -> Result<HostStatus> {
        let answer = self.ask(Method::GET, "/v1/status")?;
        serde_json::from_slice(&answer).context("the guard's answer is none of this version")
    }

    /// The guard at the usual place.
    pub fn usual() -> Self {
        Self {
            socket: control::PLACE.into(),
            format: Format::Json,
        }
    }

    /// All services, in the order of their names.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn services(&self) -> Result<Vec<ServiceStatus>> {
        Ok(serde_json::from_slice(
            &self.ask(Method::GET, "/v1/services")?,
        )?)
    }

    /// The service that a person means.
    pub fn named(&self, name: &str) -> Result<ServiceStatus> {
        let mut services = self.services()?;
        let is_meant = |it: &&ServiceStatus| {
            let (_, rest) = it.service.split_once(':').unwrap_or(("", &it.service));
            let last = rest.rsplit('/').next().unwrap_or(rest);
            let bare = last.strip_suffix(".service").unwrap_or(last);
            [&it.service, rest, last, bare].contains(&name)
        };
        let meant: Vec<_> = services
            .iter()
            .filter(is_meant)
            .map(|it| it.service.clone())
            .collect();
        match &meant[..] {
            [one] => {
                let place = services.iter().position(|it| it.service == *one);
                Ok(services.swap_remove(place.unwrap_or_default()))
            }
            [] => bail!(
                "there is no service {}: see monitor services",
                name.escape_debug()
            ),
            several => bail!(
                "{name} may be any of {}: give the whole name",
                several.join(", ")
            ),
        }
    }
}
