//! The incidents of a running guard, as they come.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Result, bail};
use hyper::Method;
use monitor::guard::control;
use serde_json::Value;

use crate::cli::Format;
use crate::cli::ask::{AskArgs, LARGEST_ANSWER};
use crate::cli::status::Exit;

/// Prints the latest incidents of the guard at a socket, and with `follow` those that come.
pub fn run(socket: Option<PathBuf>, follow: bool, format: Format) -> Result<Exit> {
    let socket = socket.unwrap_or_else(|| control::PLACE.into());
    let ask = AskArgs::new(socket, format);
    let latest: Vec<Value> = serde_json::from_slice(&ask.ask(Method::GET, "/v1/incidents")?)?;
    latest.iter().try_for_each(|one| print(one, format))?;
    if !follow {
        return Ok(Exit::Quiet);
    }
    let mut line = Vec::new();
    let mut failed = None;
    ask.pieces(Method::GET, "/v1/incidents?follow", |piece| {
        for &byte in piece {
            if byte != b'\n' {
                line.push(byte);
                continue;
            }
            let told = serde_json::from_slice(&line).map_err(anyhow::Error::from);
            line.clear();
            if let Err(error) = told.and_then(|one: Value| print(&one, format)) {
                failed = Some(error);
                return false;
            }
        }
        line.len() < LARGEST_ANSWER
    })?;
    match failed {
        Some(error) => Err(error),
        None => bail!("the guard has ended, or this was too slow to follow"),
    }
}

fn print(incident: &Value, format: Format) -> Result<()> {
    let mut out = io::stdout().lock();
    if format == Format::Json {
        writeln!(out, "{incident}")?;
    } else {
        let text = |name: &str| incident[name].as_str().unwrap_or("-").to_owned();
        writeln!(
            out,
            "{}  {:8}  {:8}  {}  {}",
            text("time"),
            text("severity"),
            text("state"),
            text("service"),
            text("headline")
        )?;
    }
    out.flush()?;
    Ok(())
}
