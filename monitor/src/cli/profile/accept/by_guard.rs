//! Accepts by a running guard, which goes on.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use hyper::Method;
use monitor::guard::acceptance::Accepted;
use monitor::guard::place::encoded;
use monitor::report::text::grouped;
use monitor::service::key::Key;
use monitor::who::redaction::harmless;

use super::{agreed, written};
use crate::cli::Format;
use crate::cli::ask::AskArgs;
use crate::cli::status::Exit;

/// A guard that judges a service.
pub struct ByGuard {
    ask: AskArgs,
    service: Key,
}

impl ByGuard {
    /// The guard at this socket, if it is there and judges the service.
    pub fn of(socket: PathBuf, service: Key) -> Option<Self> {
        let ask = AskArgs::new(socket, Format::Json);
        let path = format!("/v1/services/{}", encoded(service.as_str()));
        ask.ask(Method::GET, &path).ok()?;
        Some(Self { ask, service })
    }

    fn asked(&self, id: &str, what: &str, query: &str) -> Result<Accepted> {
        let path = format!("/v1/incidents/{}/{what}?{query}", encoded(id));
        let answer = self.ask.ask(Method::POST, &path)?;
        serde_json::from_slice(&answer).context("the guard's answer is none of this version")
    }

    /// Takes an incident as normal.
    pub fn accept(&self, id: &str, reason: Option<&str>, yes: bool) -> Result<Exit> {
        let service = &self.service;
        let tried = self.asked(id, "accept", "try")?;
        let mut out = io::stdout().lock();
        if tried.takes.is_empty() {
            let id = harmless(id);
            writeln!(
                out,
                "accepted {id}: 0 sequences are new, {service} has all of it"
            )?;
            return Ok(Exit::Quiet);
        }
        writeln!(out, "{service} would take as normal:")?;
        self.decide(&mut out, &tried, yes, "Take this as normal?")?;
        let query = reason.map(|it| format!("reason={}", encoded(it)));
        let done = self.asked(id, "accept", &query.unwrap_or_default())?;
        writeln!(out, "{}", harmless(&done.done))?;
        Ok(Exit::Quiet)
    }

    /// Takes an acceptance back.
    pub fn undo(&self, id: &str, yes: bool) -> Result<Exit> {
        let tried = self.asked(id, "unaccept", "try")?;
        let mut out = io::stdout().lock();
        writeln!(out, "{} would no longer take as normal:", self.service)?;
        self.decide(&mut out, &tried, yes, "Undo it?")?;
        let done = self.asked(id, "unaccept", "")?;
        writeln!(out, "{}", harmless(&done.done))?;
        Ok(Exit::Quiet)
    }

    fn decide(
        &self,
        out: &mut impl io::Write,
        tried: &Accepted,
        yes: bool,
        question: &str,
    ) -> Result<()> {
        out.write_all(written(&tried.takes).as_bytes())?;
        if tried.forgets > 0 {
            let calls = grouped(tried.forgets);
            writeln!(
                out,
                "and would forget {calls} calls that were learned since"
            )?;
        }
        out.flush()?;
        if !yes && !agreed(question)? {
            bail!("the profile of {} is left as it was", self.service);
        }
        Ok(())
    }
}
