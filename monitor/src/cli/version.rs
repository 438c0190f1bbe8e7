//! `monitor version`: what this is, for people and for programs.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::status::Exit;

/// Options of `monitor version`.
#[derive(Args, Clone, Copy, Debug)]
pub struct VersionArgs {
    /// As one object of JSON
    #[arg(long)]
    json: bool,
}

/// What this build is.
pub fn facts() -> Value {
    let manifest: Option<Value> = serde_json::from_slice(monitor::model::EMBEDDED_MANIFEST).ok();
    let of_model = |field: &str| {
        manifest
            .as_ref()
            .map_or(Value::Null, |it| it[field].clone())
    };
    json!({
        "name": "monitor",
        "version": env!("CARGO_PKG_VERSION"),
        "revision": option_env!("MONITOR_REVISION"),
        "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "features": { "live": cfg!(feature = "live") },
        "json_schema": monitor::report::json::SCHEMA,
        "recording_version": monitor::trace::recording::VERSION,
        "model": { "name": of_model("name"), "sha256": of_model("model_sha256") },
    })
}

/// Prints them.
pub fn run(args: VersionArgs) -> Result<Exit> {
    let facts = facts();
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{facts:#}")?;
    } else {
        let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
        writeln!(
            out,
            "monitor {} (revision {}), {}; model {}",
            text(&facts["version"]),
            text(&facts["revision"]),
            text(&facts["target"]),
            text(&facts["model"]["name"]),
        )?;
    }
    Ok(Exit::Quiet)
}
