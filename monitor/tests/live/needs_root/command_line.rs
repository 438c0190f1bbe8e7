//! The program as a user runs it. It scores, so it needs onnxruntime too.

use std::{
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::traced;

fn monitor() -> Command {
    Command::new(env!("CARGO_BIN_EXE_monitor"))
}

fn run(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .expect("the monitor starts")
}

fn objects(output: &[u8]) -> Vec<Value> {
    let lines = output
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).expect("one object a line"))
        .collect()
}

fn of_type<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects
        .iter()
        .filter(|object| object["type"] == kind)
        .collect()
}

fn wait_for(child: &mut Child) -> std::process::ExitStatus {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("running");
    panic!("the monitor did not end");
}

#[test]
#[ignore = "needs root"]
fn a_recording_made_while_monitoring_replays_to_the_same_verdicts() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let recording = folder.path().join("run.rec");
    let live = run(monitor()
        .args(["--format", "json", "--record"])
        .arg(&recording)
        .arg("--")
        .arg(traced())
        .args(["threads", "3000"]));
    assert_eq!(live.status.code(), Some(0), "the command's own: {live:?}");
    let replay = run(monitor()
        .args(["replay", "--format", "json"])
        .arg(&recording));
    assert_eq!(replay.status.code(), Some(3), "{replay:?}");
    let verdicts = |output: &[u8]| {
        let mut objects = objects(output);
        objects.retain(|object| object["type"] == "alarm" || object["type"] == "thread_end");
        for object in &mut objects {
            // Where it comes from, and a wall clock that each run sets anew.
            object["source"] = Value::Null;
            object["time"] = Value::Null;
        }
        objects
    };
    let (live, replayed) = (verdicts(&live.stdout), verdicts(&replay.stdout));
    assert_eq!(of_type(&live, "thread_end").len(), 5);
    assert!(!of_type(&live, "alarm").is_empty());
    assert_eq!(live, replayed);
}

#[test]
#[ignore = "needs root"]
fn a_stored_alarm_gives_its_score_again_to_the_bit() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let stored = folder.path().join("alarms.json");
    let live = run(monitor()
        .args(["--format", "json", "--output"])
        .arg(&stored)
        .arg("--")
        .arg(traced())
        .args(["getppid", "3000"]));
    assert_eq!(live.status.code(), Some(0), "{live:?}");
    let alarms = std::fs::read(&stored).expect("written");
    assert_eq!(of_type(&objects(&alarms), "alarm").len(), 1);
    let replay = run(monitor().arg("replay").arg(&stored));
    assert_ne!(replay.status.code(), Some(1), "{replay:?}");
    // The score is there as bits too: with another one the stored alarm is refuted.
    let text = String::from_utf8(alarms).expect("JSON is text");
    let bits = of_type(&objects(text.as_bytes()), "alarm")[0]["score_bits"]
        .as_str()
        .map(str::to_owned);
    let bits = bits.expect("a string");
    let last = if bits.ends_with('0') { "1" } else { "0" };
    std::fs::write(
        &stored,
        text.replace(&bits, &format!("{}{last}", &bits[..15])),
    )
    .expect("written");
    let refuted = run(monitor().arg("replay").arg(&stored));
    assert_eq!(refuted.status.code(), Some(1), "{refuted:?}");
}

#[test]
#[ignore = "needs root"]
fn sigterm_while_busy_ends_with_a_summary_in_which_every_call_is_accounted_for() {
    let mut busy = Command::new(traced())
        .args(["getppid", "2000000000"])
        .spawn()
        .expect("starts");
    let mut watching = monitor()
        .args([
            "--format",
            "json",
            "--status-interval",
            "1",
            "--pid",
            &busy.id().to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut output = BufReader::new(watching.stdout.take().expect("piped"));
    let mut lines = Vec::new();
    // Calls arrive by the time of the first status.
    while !String::from_utf8_lossy(&lines).contains("\"status\"") {
        assert!(
            output.read_until(b'\n', &mut lines).expect("readable") > 0,
            "ended early"
        );
    }
    // SAFETY: the child was not waited for, so the number is still its own.
    unsafe { libc::kill(watching.id() as libc::pid_t, libc::SIGTERM) };
    std::io::Read::read_to_end(&mut output, &mut lines).expect("readable");
    let status = wait_for(&mut watching);
    busy.kill().expect("running");
    busy.wait().expect("a child");
    assert!(matches!(status.code(), Some(0 | 3)), "{status:?}");
    let objects = objects(&lines);
    let summary = objects.last().expect("lines");
    assert_eq!(summary["type"], "summary");
    let number = |name: &str| {
        summary[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {summary}"))
    };
    assert!(number("received") > 0);
    let ends = of_type(&objects, "thread_end");
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
fn the_commands_own_status_and_output_are_passed_on() {
    let exits = run(monitor().args(["--", "sh", "-c", "echo here; exit 7"]));
    assert_eq!(exits.status.code(), Some(7), "{exits:?}");
    assert!(exits.stdout.starts_with(b"here\n"));
    let killed = run(monitor().args(["--", "sh", "-c", "kill -TERM $$"]));
    assert_eq!(
        killed.status.code(),
        Some(128 + libc::SIGTERM),
        "{killed:?}"
    );
}

#[test]
#[ignore = "needs root"]
fn the_probes_own_messages_are_shown_when_asked_for() {
    let shown = run(monitor().args(["--log-level", "debug", "--", "sh", "-c", "true; true"]));
    let text = String::from_utf8(shown.stderr).expect("text");
    assert!(
        text.contains("DEBUG monitor_probe::lifecycle] process "),
        "{text}"
    );
    let quiet = run(monitor().args(["--", "true"]));
    let text = String::from_utf8(quiet.stderr).expect("text");
    assert!(!text.contains("monitor_probe"), "{text}");
}

#[test]
#[ignore = "needs root"]
fn under_sudo_the_command_runs_as_the_user_who_called_it() {
    let asked = run(monitor()
        .env("SUDO_UID", "54321")
        .env("SUDO_GID", "54322")
        .args([
            "--",
            "sh",
            "-c",
            "id -u; id -g; id -G; grep CapEff /proc/self/status",
        ]));
    let text = String::from_utf8(asked.stdout).expect("text");
    let lines: Vec<_> = text.lines().take(4).collect();
    assert_eq!(
        lines,
        ["54321", "54322", "54322", "CapEff:\t0000000000000000"]
    );
}

#[test]
#[ignore = "needs root"]
fn what_cannot_be_watched_is_said_in_one_sentence() {
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
    let refused = |pid: &str| {
        let refusal = run(monitor().args(["--pid", pid]));
        assert_eq!(refusal.status.code(), Some(1), "{refusal:?}");
        String::from_utf8(refusal.stderr).expect("text")
    };
    let text = refused(&thread);
    assert!(
        text.contains(&format!("use --pid {}", child.id())),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
    child.kill().expect("running");
    child.wait().expect("a child");
    let text = refused("4194304");
    assert!(text.contains("no process 4194304"), "{text}");
}

#[test]
#[ignore = "needs root"]
fn without_root_nothing_is_loaded_and_the_remedy_is_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let copy = folder.path().join("monitor");
    std::fs::copy(env!("CARGO_BIN_EXE_monitor"), &copy).expect("copied");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("set");
    let refusal = run(Command::new(&copy).args(["--all"]).uid(54321).gid(54321));
    assert_eq!(refusal.status.code(), Some(1));
    let text = String::from_utf8(refusal.stderr).expect("text");
    assert!(
        text.contains("run as root") && text.lines().count() == 1,
        "{text}"
    );
}

#[test]
#[ignore = "needs root"]
fn in_a_pid_namespace_of_its_own_the_pid_that_it_shows_there_is_watched() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let output = folder.path().join("out.json");
    let script = r#"
        "$1" sleep 1 & pid=$!
        "$1" getppid 100
        "$2" --format json --output "$3" --pid $pid
        echo "$pid"
    "#;
    let inside = run(Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"])
        .arg(traced())
        .arg(env!("CARGO_BIN_EXE_monitor"))
        .arg(&output));
    let pid: u64 = String::from_utf8_lossy(&inside.stdout)
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("{inside:?}"));
    assert!(pid < 100, "a namespace of its own counts from 1");
    let objects = objects(&read(&output));
    let ends = of_type(&objects, "thread_end");
    assert_eq!(ends.len(), 1, "{inside:?}");
    assert_eq!(ends[0]["pid"], pid);
    assert_eq!(ends[0]["comm"], "traced");
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("written")
}
