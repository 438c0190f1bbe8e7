//! HTTP load by wrk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::sandbox::Sandbox;
use super::super::tool::run;

/// Requests from these places, each chosen by chance: a Lua script for wrk.
///
/// A place is a method, a path, and how many bytes its body has.
pub fn script(
    sandbox: &Sandbox,
    name: &str,
    places: &[(&str, &str, usize)],
    close: bool,
) -> Result<PathBuf> {
    let mut text = String::from("local places = {\n");
    for (method, path, body) in places {
        text.push_str(&format!("  {{\"{method}\", \"{path}\", {body}}},\n"));
    }
    let connection = if close { "close" } else { "keep-alive" };
    text.push_str(&format!(
        "}}\n\
         function init(arguments) math.randomseed(tonumber(arguments[1])) end\n\
         function request()\n  \
           local place = places[math.random(#places)]\n  \
           local body = place[3] > 0 and string.rep(\"x\", math.random(place[3])) or nil\n  \
           return wrk.format(place[1], place[2], {{[\"Connection\"] = \"{connection}\"}}, body)\n\
         end\n"
    ));
    sandbox.file(name, text)
}

/// Runs wrk against a port of loopback.
///
/// # Errors
/// It cannot be started, fails, or the user asks to stop.
pub fn load(
    wrk: &Path,
    script: &Path,
    port: u16,
    connections: u32,
    seed: u64,
    time: Duration,
) -> Result<()> {
    let mut command = Command::new(wrk);
    command
        .args(["--threads", "1", "--timeout", "2s"])
        .args(["--connections", &connections.to_string()])
        .args(["--duration", &format!("{}s", time.as_secs().max(1))])
        .arg("--script")
        .arg(script)
        .arg(format!("http://127.0.0.1:{port}/"))
        .args(["--", &seed.to_string()]);
    let worked = run(&mut command, time + Duration::from_secs(30))?;
    ensure!(worked, "wrk failed");
    Ok(())
}
