//! Perf events that are refused: by a filter of calls here, as the kernels of Debian and Ubuntu
//! refuse them to all but `CAP_SYS_ADMIN`.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::{
    harness::{Ran, monitor, text},
    traced::traced,
};

/// How long a guard may take to start, beside other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command under a filter that refuses it `perf_event_open`.
fn refused(mut command: Command) -> Ran {
    refuse(&mut command);
    command.output().expect("starts").into()
}

fn refuse(command: &mut Command) {
    let filter = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_perf_event_open, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EACCES as u32),
        std::env::consts::ARCH.try_into().expect("a known machine"),
    );
    let program: BpfProgram = filter
        .and_then(TryInto::try_into)
        .expect("a filter of one call");
    let apply = move || {
        seccompiler::apply_filter(&program)
            .map_err(|_| std::io::Error::from_raw_os_error(libc::EINVAL))
    };
    // SAFETY: the filter is made already; to apply it takes prctl(2) and seccomp(2), which may be
    // called between fork and exec.
    unsafe { command.pre_exec(apply) };
}

fn watching<'a>(attach: &'a str, program: &'a str) -> Vec<&'a str> {
    let run = ["--attach", attach, "--no-alarm-log", "--no-learn"];
    let command = ["--format", "json", "--", program, "getppid", "1000"];
    [&run[..], &command].concat()
}

#[test]
#[ignore = "needs root"]
fn without_perf_events_calls_are_seen_and_what_is_not_is_told_once_with_its_remedy() {
    let program = traced();
    let ran = refused(monitor(&watching("raw", text(&program))));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let summary = ran.lines().pop().expect("a summary");
    assert!(summary["received"].as_u64() >= Some(1000), "{summary}");
    assert_eq!(summary["lost"], 0, "{summary}");
    let told =
        "neither how calls went nor what is submitted to io_uring is seen: perf events are refused";
    assert_eq!(ran.err.matches(told).count(), 1, "{}", ran.err);
    assert_eq!(ran.err.matches("perf events").count(), 1, "{}", ran.err);
    let has_remedy = ran.err.contains("CAP_PERFMON") || ran.err.contains("CAP_SYS_ADMIN");
    assert!(has_remedy, "{}", ran.err);
}

#[test]
#[ignore = "needs root"]
fn perf_tracepoints_that_are_asked_for_and_refused_end_the_run_with_the_remedy() {
    let program = traced();
    let ran = refused(monitor(&watching("perf", text(&program))));
    ran.refused(
        1,
        &["perf events are refused to this process", "start it with"],
    );
}

#[test]
#[ignore = "needs root"]
fn the_doctor_says_what_is_not_seen_without_perf_events() {
    let ran = refused(monitor(&["doctor", "--json"]));
    let report: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let outcomes = checks.iter().find(|it| it["name"] == "outcomes");
    let outcomes = outcomes.expect("a check of its own");
    assert_eq!(outcomes["outcome"], "warning", "{outcomes}");
    let found = outcomes["found"].as_str().expect("text");
    assert!(
        found.starts_with("how calls went is not known: perf events are refused"),
        "{found}"
    );
    let remedy = outcomes["remedy"].as_str().expect("text");
    assert!(remedy.starts_with("start it with CAP_"), "{remedy}");
}

#[test]
#[ignore = "needs root"]
fn a_guard_says_in_its_status_what_is_not_seen_without_perf_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let [config, state, socket] =
        ["monitor.toml", "state", "run/monitor.sock"].map(|it| folder.path().join(it));
    fs::write(&config, "[discovery]\ninclude = [\"unit:none.service\"]\n").expect("written");
    let mut guard = monitor(&["guard", "--no-alarm-log", "--config", text(&config)]);
    guard.args([
        "--attach",
        "raw",
        "--state",
        text(&state),
        "--socket",
        text(&socket),
    ]);
    refuse(&mut guard);
    let guard = guard.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut guard = guard.expect("starts");
    let until = Instant::now() + PATIENCE;
    let limit = loop {
        let status: Ran = monitor(&["status", "--socket", text(&socket)])
            .output()
            .expect("starts")
            .into();
        let limit = status
            .out
            .lines()
            .find(|it| it.starts_with("on this host:"));
        if limit.is_some() || Instant::now() > until {
            break limit.unwrap_or(&status.out).to_owned();
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    // It may have ended already.
    let _ = guard.kill();
    let _ = guard.wait();
    let told = "neither how calls went nor what is submitted to io_uring is seen: perf events are";
    assert!(limit.contains(told), "{limit}");
}
