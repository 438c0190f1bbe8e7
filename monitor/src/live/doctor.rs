//! Everything that watching needs, checked at once, each with its remedy.

mod check;

pub mod self_test;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::preflight::{Host, PreflightError, charges_locked_memory};
use super::{btf::Btf, cgroup, io_uring, layout, outcomes::Outcomes, perf_event};
use crate::trace::error::shown;

pub use check::{Check, Outcome};

/// Kernel, rights and limits of this host and process.
#[must_use]
pub fn host() -> Vec<Check> {
    let host = Host::read();
    let mut checks = vec![kernel(&host)];
    checks.extend(type_information(&host));
    checks.push(of(
        "capabilities",
        host.check_capabilities(),
        format!("effective set {:016x}", host.capabilities),
    ));
    checks.push(of(
        "lockdown",
        host.check_lockdown(),
        host.lockdown.as_deref().unwrap_or("none").trim().to_owned(),
    ));
    checks.push(outcomes());
    checks.push(memlock(&host));
    checks.push(pid_namespace());
    checks.push(cgroups());
    checks.push(clock());
    checks
}

fn of(name: &'static str, outcome: Result<(), PreflightError>, found: String) -> Check {
    match outcome {
        Ok(()) => Check::ok(name, found),
        Err(error) => Check::failed(name, &error.to_string()),
    }
}

/// Whether it can be told how calls went.
fn outcomes() -> Check {
    const NAME: &str = "outcomes";
    let unknown = |error: &std::io::Error| Check {
        outcome: Outcome::Warning,
        ..Check::failed(NAME, &format!("how calls went is not known: {error}"))
    };
    match Outcomes::of_kernel() {
        Ok(found) if !found.tracepoints().is_empty() => {
            if let Err(error) = perf_event::permitted() {
                return unknown(&error);
            }
            let names: Vec<_> = found.tracepoints().iter().map(|it| it.0).collect();
            let mut told = format!("of {}", names.join(", "));
            let missing: Vec<_> = found.missing().collect();
            if !missing.is_empty() {
                told += &format!("; this kernel does not tell of {}", missing.join(", "));
            }
            Check::ok(NAME, told)
        }
        Ok(_) => Check::wrong(
            NAME,
            Outcome::Warning,
            "how calls went is not known: this kernel has no tracepoints of single calls",
            "a kernel with CONFIG_FTRACE_SYSCALLS",
        ),
        Err(error) => unknown(&error),
    }
}

fn kernel(host: &Host) -> Check {
    of("kernel", host.check_release(), host.release.clone())
}

fn type_information(host: &Host) -> Vec<Check> {
    let Some(bytes) = &host.btf else {
        return vec![Check::failed(
            "type information",
            &PreflightError::NoBtf.to_string(),
        )];
    };
    let btf = match Btf::parse(bytes) {
        Ok(btf) => btf,
        Err(error) => {
            let error = PreflightError::UnusableBtf(error.to_string());
            return vec![Check::failed("type information", &error.to_string())];
        }
    };
    let layout = match layout::of_kernel(&btf) {
        Ok(_) => Check::ok("type information", format!("{} bytes", bytes.len())),
        Err(error) => Check::wrong(
            "type information",
            Outcome::Failed,
            error.to_string(),
            "this kernel is not supported yet; please report its version",
        ),
    };
    let tracepoints = of(
        "tracepoints",
        Host::check_tracepoints(&btf),
        "sys_enter, fork, exec and exit".into(),
    );
    vec![layout, tracepoints]
}

/// Whether the limit of locked memory stands in the way.
fn memlock(host: &Host) -> Check {
    use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

    const NAME: &str = "locked memory";
    let limit = getrlimit(Resource::RLIMIT_MEMLOCK).map_or(0, |it| it.0);
    let shown = if limit == RLIM_INFINITY {
        "unlimited".to_owned()
    } else {
        format!("{limit} bytes")
    };
    let is_charged = charges_locked_memory(&host.release);
    if is_charged && limit != RLIM_INFINITY {
        let remedy = "raise it: ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit";
        return Check::wrong(NAME, Outcome::Warning, shown, remedy);
    }
    let of_maps = if is_charged {
        ""
    } else {
        ", maps are not charged to it"
    };
    Check::ok(NAME, format!("{shown}{of_maps}"))
}

/// Whether `/proc` is of this process's pid namespace: otherwise its numbers are of others.
fn pid_namespace() -> Check {
    const NAME: &str = "pid namespace";
    let me = fs::read_link("/proc/self").ok();
    let me = me.and_then(|it| it.to_str()?.parse::<u32>().ok());
    if me != Some(std::process::id()) {
        let remedy = "mount the /proc of this namespace: mount -t proc proc /proc";
        return Check::wrong(
            NAME,
            Outcome::Failed,
            "/proc is of another pid namespace",
            remedy,
        );
    }
    // PROC_PID_INIT_INO, include/linux/proc_ns.h: the initial namespace has this inode.
    let inode = fs::metadata("/proc/self/ns/pid").map_or(0, |it| it.ino());
    if inode == 0xEFFF_FFFC {
        return Check::ok(NAME, "the host's");
    }
    let remedy = "to watch the host, run with its pid namespace (hostPID, --pid=host)";
    Check::wrong(NAME, Outcome::Warning, "one of a container", remedy)
}

/// The cgroup2 hierarchy, and whether all of it is seen.
fn cgroups() -> Check {
    const NAME: &str = "cgroups";
    let mounts = cgroup::mounts().unwrap_or_default();
    let Some(mount) = mounts.first() else {
        let remedy = "for --cgroup, mount it: mount -t cgroup2 none /sys/fs/cgroup";
        return Check::wrong(NAME, Outcome::Warning, "no cgroup2 mount", remedy);
    };
    let path = shown(&mount.place);
    match fs::metadata(&mount.place) {
        // The root of the hierarchy has inode 1, wherever it is mounted.
        Ok(about) if about.ino() == 1 => Check::ok(NAME, format!("{path}, the whole hierarchy")),
        Ok(_) => Check::wrong(
            NAME,
            Outcome::Warning,
            format!("{path} shows a part of the hierarchy"),
            "to watch the host, run with its cgroup namespace (--cgroupns=host)",
        ),
        Err(error) => Check::wrong(
            NAME,
            Outcome::Warning,
            format!("{path}: {error}"),
            "let this user read it",
        ),
    }
}

/// A clock that was never set makes times of alarms worthless.
fn clock() -> Check {
    const NAME: &str = "clock";
    // 2024-01-01, long before this program was written.
    const EARLIEST: i64 = 1_704_067_200;
    let now = jiff::Timestamp::now();
    if now.as_second() < EARLIEST {
        let remedy = "set it: timedatectl set-time, or start a time service";
        return Check::wrong(NAME, Outcome::Warning, format!("{now:.0}"), remedy);
    }
    Check::ok(NAME, format!("{now:.0}"))
}

/// What this kernel and this design do not show, in whole sentences.
#[must_use]
pub fn blind_spots() -> Vec<String> {
    let mut spots: Vec<String> = vec![
        "what a process does between two system calls, such as reading and writing its memory"
            .into(),
    ];
    let uring = fs::read_to_string("/proc/sys/kernel/io_uring_disabled");
    match uring.as_deref().map(str::trim) {
        Ok("2") => {}
        Ok("1") => spots.push(
            "operations through io_uring, which this kernel allows to a group alone \
             (io_uring_disabled is 1)"
                .into(),
        ),
        _ if io_uring::tracepoint().is_some() => {
            spots.push("how operations through io_uring went".into());
        }
        _ => spots.push(
            "operations through io_uring: only that it is entered is seen (set \
             kernel.io_uring_disabled to 2 if nothing needs it)"
                .into(),
        ),
    }
    spots.push("calls of a process before it is watched".into());
    spots
}

/// Whether `folder`, or the nearest folder above it that is there, can be written to.
#[must_use]
pub fn folder(name: &'static str, folder: &Path) -> Check {
    let shown = shown(folder);
    let there = folder.ancestors().find(|it| it.is_dir());
    let Some(there) = there else {
        return Check::wrong(
            name,
            Outcome::Warning,
            shown,
            "name a folder that can be made",
        );
    };
    match nix::unistd::access(there, nix::unistd::AccessFlags::W_OK) {
        Ok(()) => Check::ok(name, shown),
        Err(error) => Check::wrong(
            name,
            Outcome::Warning,
            format!("{shown}: {}", io::Error::from(error)),
            "run as a user that may write there, or name another",
        ),
    }
}
