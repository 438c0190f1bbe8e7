//! What the service's calls are, by strace.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::scenarios::attack::Attack;
use crate::scenarios::marks::Stage;
use crate::scenarios::marks::tests::service::Service;
use crate::scenarios::marks::tests::{PATIENCE, number, sandbox};

/// The calls of what ran, one name a line, in order.
fn calls(trace: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&fs::read(trace).expect("a trace")).into_owned();
    text.lines()
        .filter_map(|line| {
            let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            let name = call.split('(').next()?;
            (!call.starts_with(['<', '+', '-']) && call.contains('(')).then(|| name.to_owned())
        })
        .collect()
}

/// The calls of the service while `attack` is made, if any.
fn traced(attack: Option<Attack>) -> Vec<String> {
    let (folder, implant, mut control) = sandbox();
    let trace = folder.path().join("trace");
    let to = trace.to_string_lossy().into_owned();
    control.pad_with(&[number("epoll_ctl")]).expect("harmless");
    control.set(Stage {
        secret: trace.clone(),
        victim: std::process::id(),
        in_namespaces: false,
    });
    let service = Service::start(
        folder.path(),
        &implant,
        &control,
        &["strace", "-f", "-o", &to],
    );
    if let Some(attack) = attack {
        control.trigger(attack, PATIENCE).expect("taken");
    }
    std::thread::sleep(Duration::from_millis(200));
    drop(service);
    calls(&trace)
}

#[test]
#[ignore = "needs strace and root"]
fn an_idle_implant_adds_no_call_after_its_start() {
    let calls = traced(None);
    let loop_begins = calls
        .iter()
        .position(|call| call == "pipe2" || call == "pipe");
    let of_loop: BTreeSet<_> = calls[loop_begins.expect("the loop") + 1..]
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(
        of_loop,
        BTreeSet::from(["write", "poll", "read", "clock_nanosleep"])
    );
    assert!(calls.len() > 100, "{} calls", calls.len());
}

#[test]
#[ignore = "needs strace and root"]
fn each_attack_makes_the_calls_that_it_claims() {
    let of = |attack| -> &[&str] {
        match attack {
            Attack::ReverseShell => &["socket", "connect", "dup2", "execve"],
            Attack::BindShell => &["socket", "bind", "listen", "accept", "dup2", "execve"],
            Attack::WebShell => &["wait4", "execve", "uname"],
            Attack::ReadSecrets => &["openat", "read", "close"],
            Attack::FilelessExec => &["memfd_create", "write", "execveat", "wait4"],
            Attack::PtraceInjection => &["ptrace", "kill", "wait4"],
            Attack::PortScan => &["socket", "connect", "close"],
            Attack::Miner => &["getrandom", "futex", "sched_yield", "nanosleep"],
            Attack::Mount => &["unshare", "mount", "umount2"],
            Attack::KernelModule => &["finit_module", "init_module"],
            Attack::Ransomware => &["getdents64", "lseek", "rename", "unlink"],
            Attack::Exfiltration => &["socket", "connect", "openat", "sendto"],
            Attack::MimicReverseShell => &["epoll_ctl", "socket", "dup2", "execve"],
            Attack::MimicExfiltration => &["epoll_ctl", "socket", "sendto"],
            Attack::MimicRansomware => &["epoll_ctl", "rename", "unlink"],
            Attack::WritableCode => &["mmap", "getpid", "munmap"],
            Attack::CodeMadeExecutable => &["mmap", "mprotect", "getpid"],
            Attack::OwnSecret | Attack::ForeignEnvironment => &["openat", "read"],
            Attack::OwnSecretSent => &["connect", "openat", "sendto"],
            Attack::Credentials => &["setresuid", "setresgid"],
            Attack::Beacon => &["connect", "sendto"],
            Attack::Trickle => &["keyctl", "userfaultfd", "perf_event_open", "bpf"],
            Attack::PathTraversal => &["openat", "read"],
            Attack::TreeOverwritten => &["getdents64", "write"],
            Attack::DropAuthorizedKeys => &["openat", "write"],
            Attack::ForeignMemory => &["pread64", "process_vm_readv"],
            Attack::WrittenThenRun => &["write", "execve", "wait4"],
            Attack::IoUring => &["io_uring_setup", "io_uring_enter"],
            Attack::DropCron
            | Attack::DropUnit
            | Attack::DropPreload
            | Attack::ContainerSocket
            | Attack::MetadataAddress
            | Attack::ThroughApplication => &[],
        }
    };
    for attack in Attack::ALL {
        // Those are made in namespaces, or by a service itself.
        if of(attack).is_empty() {
            continue;
        }
        let calls = traced(Some(attack));
        for claimed in of(attack) {
            assert!(
                calls.iter().any(|call| call == claimed),
                "{attack} made no {claimed}"
            );
        }
        let no_clock = |call: &&String| call.as_str() == "clock_gettime";
        assert!(
            !calls.iter().any(|call| no_clock(&call)),
            "{attack} asks the kernel for the time"
        );
    }
}
