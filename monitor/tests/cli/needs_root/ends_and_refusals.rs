//! The live run from outside: who it runs as, how it ends, and what it says when it cannot.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
};

use crate::{
    harness::{monitor, parse, run, text},
    schema,
    traced::traced,
};

#[test]
#[ignore = "needs root"]
fn sigterm_while_busy_ends_with_a_summary_in_which_every_call_is_accounted_for() {
    let mut busy = Command::new(traced())
        .args(["getppid", "2000000000"])
        .spawn()
        .expect("starts");
    let pid = busy.id().to_string();
    // To keep to a budget, calls would be left out on purpose.
    let whole = [
        "--cpu",
        "none",
        "--format",
        "json",
        "--status-interval",
        "1",
    ];
    let mut watching = monitor(&[&whole[..], &["--pid", &pid]].concat())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut output = BufReader::new(watching.stdout.take().expect("piped"));
    let mut lines = String::new();
    // Calls arrive by the time of the first status.
    while !lines.contains("\"status\"") {
        assert!(
            output.read_line(&mut lines).expect("readable") > 0,
            "ended early"
        );
    }
    // SAFETY: the child was not waited for, so the number is still its own.
    unsafe { libc::kill(watching.id() as libc::pid_t, libc::SIGTERM) };
    output.read_to_string(&mut lines).expect("readable");
    let status = watching.wait().expect("a child");
    busy.kill().expect("running");
    busy.wait().expect("a child");
    let objects = parse(&lines);
    objects.iter().for_each(schema::check);
    let summary = objects.last().expect("lines");
    assert_eq!(summary["type"], "summary");
    let number = |name: &str| {
        summary[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {summary}"))
    };
    assert!(number("received") > 0 && summary["cpu_s"].as_f64() > Some(0.0));
    let expected = if number("alarms") > 0 { 3 } else { 0 };
    assert_eq!(status.code(), Some(expected));
    let ends: Vec<_> = objects
        .iter()
        .filter(|it| it["type"] == "thread_end")
        .collect();
    assert_eq!(ends.len(), 1);
    // The first call behind a gap has nothing before it and is no more than the next one's context.
    let told = number("scored") + number("unscored") + number("gaps") + number("restarts");
    assert_eq!(number("received"), told, "{summary}");
    let end = |name: &str| ends[0][name].as_u64().expect(name);
    let told = end("scored") + end("lost") + number("gaps") + number("restarts");
    assert_eq!(end("calls"), told, "{}", ends[0]);
}

#[test]
#[ignore = "needs root"]
fn a_signal_right_behind_the_word_that_it_watches_ends_a_run_in_order() {
    for signal in [libc::SIGTERM, libc::SIGINT].repeat(4) {
        let options = ["--pid", "1", "--no-alarm-log", "--no-learn", "--no-follow"];
        let mut child = monitor(&options)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut said = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.contains(": watching ") {
            line.clear();
            assert!(said.read_line(&mut line).expect("text") > 0, "it ended");
        }
        // SAFETY: the child was not waited for, so the number is still its own.
        unsafe { libc::kill(child.id().try_into().expect("a pid"), signal) };
        let mut rest = String::new();
        said.read_to_string(&mut rest).expect("text");
        let status = child.wait().expect("a child");
        assert!(matches!(status.code(), Some(0 | 3)), "{signal}: {rest}");
        assert!(rest.contains("Summary after"), "{signal}: {rest}");
    }
}

#[test]
#[ignore = "needs root"]
fn the_probes_own_messages_are_shown_when_asked_for() {
    let shown = run(&["--log-level", "debug", "--", "sh", "-c", "true; true"]).err;
    assert!(
        shown.contains("DEBUG monitor_probe::lifecycle] process "),
        "{shown}"
    );
    let quiet = run(&["--", "true"]).err;
    assert!(!quiet.contains("monitor_probe"), "{quiet}");
}

#[test]
#[ignore = "needs root"]
fn under_sudo_the_command_runs_as_the_user_who_called_it() {
    let script = "id -u; id -g; id -G; grep CapEff /proc/self/status";
    // The verdicts would stand between the command's lines.
    let folder = tempfile::tempdir().expect("temporary folder");
    let verdicts = folder.path().join("verdicts");
    let asked = monitor(&["--output", text(&verdicts), "--", "sh", "-c", script])
        .env("SUDO_UID", "54321")
        .env("SUDO_GID", "54322")
        .output()
        .expect("starts");
    let told = String::from_utf8(asked.stdout).expect("text");
    let lines: Vec<_> = told.lines().take(4).collect();
    assert_eq!(
        lines,
        ["54321", "54322", "54322", "CapEff:\t0000000000000000"]
    );
}

#[test]
#[ignore = "needs root"]
fn a_thread_is_refused_and_its_process_named() {
    let mut child = Command::new(traced())
        .args(["threads", "100000000"])
        .spawn()
        .expect("starts");
    let tasks = format!("/proc/{}/task", child.id());
    let thread = loop {
        let mut ids = std::fs::read_dir(&tasks).expect("running").flatten();
        let own = child.id().to_string();
        if let Some(thread) = ids.find(|id| id.file_name().to_str() != Some(own.as_str())) {
            break thread.file_name().into_string().expect("a number");
        }
    };
    let leader = format!("use --pid {}", child.id());
    run(&["--pid", &thread]).refused(1, &[&thread, &leader]);
    child.kill().expect("running");
    child.wait().expect("a child");
}

#[test]
#[ignore = "needs root"]
fn without_root_nothing_is_loaded_and_the_remedy_is_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let copy = folder.path().join("monitor");
    std::fs::copy(env!("CARGO_BIN_EXE_monitor"), &copy).expect("copied");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("set");
    let refusal = Command::new(&copy)
        .arg("--all")
        .uid(54321)
        .gid(54321)
        .output();
    let refusal: crate::harness::Ran = refusal.expect("starts").into();
    refusal.refused(1, &["run as root"]);
}

#[test]
#[ignore = "needs root"]
fn in_a_pid_namespace_of_its_own_the_pid_that_it_shows_there_is_watched() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let output = folder.path().join("out.json");
    let script = r#"
        "$1" sleep 5 & pid=$!
        "$1" getppid 100
        "$2" --no-alarm-log --format json --output "$3" --pid $pid
        echo "$pid"
    "#;
    let inside = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"])
        .arg(traced())
        .arg(env!("CARGO_BIN_EXE_monitor"))
        .arg(&output)
        .output()
        .expect("unshare is installed");
    let pid: u64 = String::from_utf8_lossy(&inside.stdout)
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("{inside:?}"));
    assert!(pid < 100, "a namespace of its own counts from 1");
    let objects = parse(&std::fs::read_to_string(&output).expect("written"));
    let ends: Vec<_> = objects
        .iter()
        .filter(|it| it["type"] == "thread_end")
        .collect();
    assert_eq!(ends.len(), 1, "{inside:?}");
    assert_eq!(ends[0]["pid"], pid);
    assert_eq!(ends[0]["comm"], "traced");
}

#[test]
#[ignore = "needs root"]
fn a_signal_that_was_ignored_at_the_start_ends_nothing() {
    let mut target = Command::new("sleep").arg("60").spawn().expect("starts");
    let pid = target.id().to_string();
    let mut command = monitor(&["--pid", &pid, "--no-learn", "--no-alarm-log"]);
    // As nohup(1) and the background jobs of shells have it.
    let ignore = || {
        for signal in [libc::SIGHUP, libc::SIGINT] {
            // SAFETY: ignoring runs no code of this process.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
        Ok(())
    };
    // SAFETY: signal(2) may be called between fork and exec.
    unsafe { command.pre_exec(ignore) };
    let mut watching = command.stderr(Stdio::piped()).spawn().expect("starts");
    let mut said = BufReader::new(watching.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("watching") {
        line.clear();
        assert!(
            said.read_line(&mut line).expect("text") > 0,
            "it ended early"
        );
    }
    let own = libc::pid_t::try_from(watching.id()).expect("a pid");
    // SAFETY: the child was not waited for, so the number is still its own.
    let send = |signal| unsafe { libc::kill(own, signal) };
    for signal in [libc::SIGHUP, libc::SIGINT] {
        send(signal);
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(
            watching.try_wait().expect("a child").is_none(),
            "signal {signal} ended it"
        );
    }
    send(libc::SIGTERM);
    assert_eq!(watching.wait().expect("a child").code(), Some(0));
    target.kill().expect("running");
    target.wait().expect("a child");
}

#[test]
#[ignore = "needs root"]
fn in_a_time_namespace_everything_has_the_time_at_which_it_was() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let output = folder.path().join("out.json");
    let begun = jiff::Timestamp::now();
    let inside = Command::new("unshare")
        .args([
            "--time",
            "--monotonic",
            "86400",
            "--boottime",
            "86400",
            "--fork",
        ])
        .arg(env!("CARGO_BIN_EXE_monitor"))
        .args([
            "--no-alarm-log",
            "--format",
            "json",
            "--threshold",
            "0.2",
            "--output",
        ])
        .arg(&output)
        .args(["--", "sh", "-c", "ls / > /dev/null"])
        .output()
        .expect("unshare is installed");
    let ended = jiff::Timestamp::now();
    let told = std::fs::read_to_string(&output).unwrap_or_else(|_| panic!("{inside:?}"));
    let objects = parse(&told);
    for kind in ["alarm", "thread_end"] {
        let times = objects.iter().filter(|it| it["type"] == kind);
        let times: Vec<jiff::Timestamp> = times
            .map(|it| it["time"].as_str().expect("known").parse().expect("a time"))
            .collect();
        assert!(!times.is_empty(), "{kind}: {inside:?}");
        assert!(
            times.iter().all(|it| (begun..=ended).contains(it)),
            "{kind} {times:?}"
        );
    }
}

#[test]
#[ignore = "needs root"]
fn the_two_capabilities_alone_are_enough() {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("set");
    let put = |from: &std::path::Path, name: &str| {
        let copy = folder.path().join(name);
        std::fs::copy(from, &copy).expect("copied");
        copy
    };
    let program = put(env!("CARGO_BIN_EXE_monitor").as_ref(), "monitor");
    let library = std::env::var("ORT_DYLIB_PATH").expect("xtask test names the library");
    let library = put(library.as_ref(), "libonnxruntime.so");
    let watched = Command::new("setpriv")
        .args(["--reuid=54321", "--regid=54321", "--clear-groups"])
        .args([
            "--inh-caps=-all,+bpf,+perfmon",
            "--ambient-caps=-all,+bpf,+perfmon",
        ])
        .arg("--bounding-set=-all,+bpf,+perfmon")
        .arg(program)
        .env_remove("ORT_DYLIB_PATH")
        .arg("--onnxruntime")
        .arg(library)
        .args(["--no-alarm-log", "--", "sh", "-c", "exit 9"])
        .output()
        .expect("setpriv is installed");
    let watched: crate::harness::Ran = watched.into();
    assert_eq!(watched.status, 9, "{}", watched.err);
    assert!(watched.err.starts_with("Summary after"), "{}", watched.err);
}

#[test]
#[ignore = "needs root"]
fn a_command_has_the_limits_and_the_environment_that_it_was_given() {
    let script = "ulimit -l; echo telemetry=${ORT_DISABLE_TELEMETRY-unset}; grep -c \
                  ^CapAmb:.*[1-9a-f] /proc/self/status";
    let limited = format!(
        "ulimit -l 64; exec {} --no-alarm-log -- sh -c '{script}'",
        env!("CARGO_BIN_EXE_monitor")
    );
    for (variable, told) in [(None, "telemetry=unset"), (Some("0"), "telemetry=0")] {
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &limited])
            .env_remove("ORT_DISABLE_TELEMETRY");
        if let Some(value) = variable {
            command.env("ORT_DISABLE_TELEMETRY", value);
        }
        let output = command.output().expect("it starts");
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.starts_with(&format!("64\n{told}\n0\n")), "{out}");
    }
}
