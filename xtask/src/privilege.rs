//! Becoming root for one program: nothing to do for root, sudo for others.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// Whether this process is root. The owner of `/proc/self` is the effective user
/// (proc_pid_status(5)).
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// A command that runs as root, with these variables in its environment (sudo clears its own).
///
/// # Errors
/// The user is not root and there is no sudo.
pub fn as_root(program: &OsStr, variables: &[(&str, &OsStr)]) -> Result<Command> {
    if is_root() {
        let mut command = Command::new(program);
        command.envs(variables.iter().copied());
        return Ok(command);
    }
    if !has_sudo() {
        bail!(
            "this needs root, and sudo is not installed: install sudo, or run the same command as \
             root"
        );
    }
    let mut command = Command::new("sudo");
    command.arg("env");
    for (name, value) in variables {
        let mut pair = std::ffi::OsString::from(name);
        pair.push("=");
        pair.push(value);
        command.arg(pair);
    }
    command.arg(program);
    Ok(command)
}

fn has_sudo() -> bool {
    Command::new("sudo")
        .arg("-V")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Why tests cannot run as root here, if they cannot. May ask for the password once.
pub fn obstacle() -> Option<&'static str> {
    if !is_root() {
        if !has_sudo() {
            return Some("not root, and no sudo");
        }
        if !Command::new("sudo")
            .arg("-v")
            .status()
            .is_ok_and(|status| status.success())
        {
            return Some("not root, and sudo was refused");
        }
        return None;
    }
    (!may_load_programs())
        .then_some("root here may not load BPF programs (no CAP_BPF and CAP_PERFMON)")
}

/// Whether the effective capabilities let this process load tracing programs (capabilities(7)).
fn may_load_programs() -> bool {
    const SYS_ADMIN: u64 = 1 << 21;
    const PERFMON_AND_BPF: u64 = 1 << 38 | 1 << 39;
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("CapEff:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & SYS_ADMIN != 0 || mask & PERFMON_AND_BPF == PERFMON_AND_BPF)
    })
}
