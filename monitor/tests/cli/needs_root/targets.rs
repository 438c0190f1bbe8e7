//! Whom a run watches, and what it says of those who are not there or make no calls.

use std::path::{Path, PathBuf};
use std::process::Command;

use monitor::service::host::Host;

use super::watching::{Held, Watching, wait_until};
use crate::harness::{monitor, run, text};
use crate::traced::traced;

const PLAIN: [&str; 4] = ["--no-alarm-log", "--no-learn", "--format", "json"];

/// A cgroup of the test's own.
struct Cgroup {
    directory: PathBuf,
    name: String,
}

impl Cgroup {
    fn new(name: &str) -> Self {
        let root = Host::at("/").cgroups().expect("cgroups of version 2");
        let name = format!("monitor-test-{name}-{}", std::process::id());
        let cgroup = Self {
            directory: root.join(&name),
            name,
        };
        cgroup.make();
        cgroup
    }

    fn make(&self) {
        std::fs::create_dir(&self.directory).expect("root may");
    }

    fn remove(&self) {
        // The kernel may need a moment to see that it is empty.
        wait_until("it is empty", || std::fs::remove_dir(&self.directory).ok());
    }

    /// A process in it makes some calls and ends.
    fn live(&self) {
        let join = format!("echo $$ > {}/cgroup.procs", self.directory.display());
        let script = format!("{join} && exec {} getppid 1000", traced().display());
        let ended = Command::new("sh").args(["-c", &script]).status();
        assert!(ended.expect("a shell").success());
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // It may be removed already.
        let _ = std::fs::remove_dir(&self.directory);
    }
}

/// How many processes a run saw to their end, all of them with the calls of a whole life in the
/// cgroup.
fn lives(watching: Watching) -> usize {
    watching.send(libc::SIGTERM);
    let ran = watching.ran();
    assert_eq!(ran.status, 0, "{}", ran.err);
    let lines = ran.lines();
    let ends = lines.iter().filter(|it| it["type"] == "thread_end");
    let calls: Vec<_> = ends.map(|it| it["calls"].as_u64()).collect();
    assert!(calls.iter().all(|&it| it > Some(1000)), "{lines:?}");
    calls.len()
}

#[test]
#[ignore = "needs root"]
fn a_cgroup_that_is_gone_is_told_once_and_one_that_is_made_anew_is_watched() {
    let cgroup = Cgroup::new("gone");
    let place = cgroup.directory.display().to_string();
    let gone = format!("the cgroup {place} is gone: waiting for it to be made again");
    let mut command = monitor(&[&PLAIN[..], &["--cgroup", &place]].concat());
    let mut watching = Watching::start(&mut command);
    cgroup.live();
    cgroup.remove();
    let told = watching.until("is gone");
    assert!(told.ends_with(&gone), "{told}");
    cgroup.make();
    let told = watching.until("made anew");
    let anew = format!("the cgroup {place} was made anew: watching it again");
    assert!(told.ends_with(&anew), "{told}");
    cgroup.live();
    cgroup.remove();
    let told = watching.until("is gone");
    assert!(told.ends_with(&gone), "{told}");
    assert_eq!(lives(watching), 2);
    // For good: who gave a time is not kept waiting.
    cgroup.make();
    let mut command = monitor(&[&PLAIN[..], &["--cgroup", &place, "--for", "3"]].concat());
    let mut watching = Watching::start(&mut command);
    cgroup.remove();
    watching.until("is gone");
    let ran = watching.ran();
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("is gone").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("no call was seen"), "{}", ran.err);
}

#[test]
#[ignore = "needs root"]
fn a_cgroup_is_found_by_a_second_mount_at_a_path_with_a_blank_and_by_the_first() {
    let cgroup = Cgroup::new("mounts");
    let folder = tempfile::tempdir().expect("a folder");
    let second = folder.path().join("second mount");
    std::fs::create_dir(&second).expect("a folder");
    // In a mount namespace of its own, so that nothing stays mounted.
    let script = "mount -t cgroup2 none \"$1\" && shift && exec \"$@\"";
    for place in [second.join(&cgroup.name), cgroup.directory.clone()] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh"]);
        command.arg(&second).arg(env!("CARGO_BIN_EXE_monitor"));
        command.args(PLAIN).args(["--cgroup", text(&place)]);
        let watching = Watching::start(&mut command);
        cgroup.live();
        run_elsewhere();
        assert_eq!(lives(watching), 1, "{}", place.display());
    }
}

/// A process that is in no cgroup of a test makes some calls.
fn run_elsewhere() {
    let ended = Command::new(traced()).args(["getppid", "1000"]).status();
    assert!(ended.expect("it starts").success());
}

/// A process that sleeps, and has made all its calls but that.
pub fn sleeper() -> Held {
    let sleeper = Held::start(Command::new("sleep").arg("600"));
    let call = format!("/proc/{}/syscall", sleeper.pid());
    let sleeps = format!("{} ", libc::SYS_clock_nanosleep);
    wait_until("it sleeps", || {
        let now = std::fs::read_to_string(&call).ok()?;
        now.starts_with(&sleeps).then_some(())
    });
    sleeper
}

#[test]
#[ignore = "needs root"]
fn of_a_target_that_makes_no_call_it_is_said_that_none_was_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("run.rec");
    let record = ["record", "--output", text(&recording)];
    let watch = ["--no-alarm-log"];
    let sleeper = sleeper();
    let pid = sleeper.pid();
    for target in [["--pid", &pid], ["--comm", "no-such-name"]] {
        for command in [&record[..], &watch] {
            let ran = run(&[command, &target, &["--for", "1"]].concat());
            assert_eq!(ran.status, 0, "{target:?}: {}", ran.err);
            let said = "monitor: no call was seen: what is watched made none in this time";
            let told = ran.err.lines().filter(|&line| line == said).count();
            assert_eq!(told, 1, "{target:?}: {}", ran.err);
            let waits = ran.err.contains("no thread is called no-such-name yet");
            assert_eq!(waits, target[0] == "--comm", "{}", ran.err);
        }
    }
    let profile = folder.path().join("idle.profile");
    let learn = ["learn", "--profile", text(&profile), "--for", "1"];
    let ran = run(&[&learn[..], &["--pid", &pid]].concat());
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(
        ran.err.contains("there was no call to learn from"),
        "{}",
        ran.err
    );
    assert!(!profile.exists());
}

#[test]
#[ignore = "needs root"]
fn a_thread_of_the_kernel_is_refused_by_every_command() {
    // The first of them, where this pid namespace shows it.
    if std::fs::read_to_string("/proc/2/comm").ok().as_deref() != Some("kthreadd\n") {
        eprintln!("skipped: no thread of the kernel is visible here");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    let commands: [&[&str]; 3] = [
        &["--no-alarm-log"],
        &["record", "--output", text(&file)],
        &["learn", "--profile", text(&file)],
    ];
    for command in commands {
        let told = ["process 2 is a thread of the kernel", "name another"];
        run(&[command, &["--pid", "2"]].concat()).refused(1, &told);
        assert!(!Path::new(&file).exists(), "{command:?}");
    }
}
