//! Who is watched, and who is not.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use monitor::{
    live::target::{self, Target},
    syscall::event::Comm,
};

use crate::harness::{Seen, native, options, watch};
use crate::traced::traced;

/// A copy of the program by another name, so that it is told from those of tests that run at the
/// same time.
fn traced_as(name: &str, folder: &Path) -> PathBuf {
    let copy = folder.join(name);
    std::fs::copy(traced(), &copy).expect("copied");
    copy
}

fn start(arguments: &[&str]) -> Child {
    Command::new(traced())
        .args(arguments)
        .spawn()
        .expect("starts")
}

fn watch_for_a_second(target: Target, meanwhile: impl FnOnce()) -> Seen {
    let mut asked = options();
    asked.target = target;
    asked.duration = Some(Duration::from_secs(1));
    watch(asked, None, meanwhile)
}

fn run(command: &mut Command) {
    assert!(command.status().expect("starts").success());
}

fn getppid(count: &str) -> Command {
    let mut command = Command::new(traced());
    command.args(["getppid", count]);
    command
}

#[test]
#[ignore = "needs root"]
fn a_running_process_is_watched_and_its_end_ends_the_run() {
    // Long enough for the probe to be loaded and attached on a busy machine.
    let mut process = start(&["sleep", "5"]);
    let other = start(&["sleep", "5"]);
    let mut asked = options();
    asked.target = Target::Processes(vec![process.id()]);
    let seen = watch(asked, None, || ());
    process.wait().expect("ended");
    let tgids: Vec<u32> = seen
        .whole_threads()
        .keys()
        .map(|thread| thread.tgid)
        .collect();
    assert_eq!(tgids, [process.id()]);
    assert_eq!(seen.calls().last(), Some(native(libc::SYS_exit_group)));
    drop(other);
}

#[test]
#[ignore = "needs root"]
fn a_child_that_was_there_before_is_followed() {
    // The inner shell is there before the probe, and waits for it.
    let script = format!("read line; {} getppid 77; true", traced().display());
    let mut shell = Command::new("sh")
        .arg("-c")
        .arg(format!("sh -c '{script}'; true"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh");
    while target::children(shell.id()).is_empty() {
        std::thread::yield_now();
    }
    let mut asked = options();
    asked.target = Target::Processes(vec![shell.id()]);
    let input = shell.stdin.take();
    let seen = watch(asked, None, || drop(input));
    shell.wait().expect("ended");
    assert_eq!(seen.count(native(libc::SYS_getppid)), 77);
}

#[test]
#[ignore = "needs root"]
fn by_name_only_processes_of_that_name_are_watched() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let program = traced_as("traced-by-name", folder.path());
    let seen = watch_for_a_second(Target::Comm(Comm::new(b"traced-by-name")), || {
        run(Command::new(&program).args(["getppid", "123"]));
        run(&mut getppid("7"));
    });
    assert_eq!(seen.count(native(libc::SYS_getppid)), 123);
    let name = Comm::new(b"traced-by-name");
    assert!(seen.events.iter().all(|event| event.comm == name));
}

#[test]
#[ignore = "needs root"]
fn by_name_a_process_that_is_there_already_is_watched_though_the_thread_of_that_name_only_waits() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let program = traced_as("traced-waiting", folder.path());
    let started = Command::new(&program).arg("waiting-leader").spawn();
    let mut process = started.expect("starts");
    let tasks = format!("/proc/{}/task", process.id());
    let has_worker = || {
        let mut tasks = std::fs::read_dir(&tasks).expect("running").flatten();
        tasks.any(|task| std::fs::read(task.path().join("comm")).is_ok_and(|it| it == b"worker\n"))
    };
    while !has_worker() {
        assert!(
            process.try_wait().expect("a child").is_none(),
            "it ended early"
        );
        std::thread::yield_now();
    }
    let seen = watch_for_a_second(Target::Comm(Comm::new(b"traced-waiting")), || ());
    process.kill().expect("running");
    process.wait().expect("ended");
    assert!(seen.count(native(libc::SYS_getppid)) > 10);
}

#[test]
#[ignore = "needs root"]
fn a_cgroup_that_is_made_anew_is_watched_again() {
    let cgroup = cgroup_mount().expect("a cgroup of version 2");
    let cgroup = cgroup.join(format!("monitor-test-anew-{}", std::process::id()));
    std::fs::create_dir(&cgroup).expect("root may");
    let join = format!(
        "echo $$ > {0}/cgroup.procs && exec {1} getppid",
        cgroup.display(),
        traced().display()
    );
    let life = |count| run(Command::new("sh").arg("-c").arg(format!("{join} {count}")));
    let mut asked = options();
    asked.target = Target::Cgroup(cgroup.clone());
    asked.duration = Some(Duration::from_secs(3));
    let seen = watch(asked, None, || {
        life(50);
        // As a service manager does at a restart: another directory of the same path.
        std::fs::remove_dir(&cgroup).expect("empty");
        std::fs::create_dir(&cgroup).expect("root may");
        life(70);
    });
    std::fs::remove_dir(&cgroup).expect("empty");
    assert_eq!(seen.count(native(libc::SYS_getppid)), 120);
}

#[test]
#[ignore = "needs root"]
fn by_user_only_processes_of_that_user_are_watched() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let copy = traced_as("traced-by-user", folder.path());
    std::os::unix::fs::chown(folder.path(), Some(54321), None).expect("root");
    let seen = watch_for_a_second(Target::Uid(54321), || {
        run(Command::new(&copy).args(["getppid", "321"]).uid(54321));
        run(&mut getppid("7"));
    });
    assert_eq!(seen.count(native(libc::SYS_getppid)), 321);
}

#[test]
#[ignore = "needs root"]
fn by_cgroup_processes_in_it_and_below_are_watched() {
    let Some(mount) = cgroup_mount() else {
        panic!("this host has no cgroup of version 2");
    };
    let parent = mount.join(format!("monitor-test-{}", std::process::id()));
    let child = parent.join("child");
    std::fs::create_dir_all(&child).expect("root may");
    let seen = watch_for_a_second(Target::Cgroup(parent.clone()), || {
        let join = format!(
            "echo $$ > {}/cgroup.procs && exec {} getppid 55",
            child.display(),
            traced().display()
        );
        run(Command::new("sh").arg("-c").arg(join));
        run(&mut getppid("7"));
    });
    std::fs::remove_dir(&child).expect("empty");
    std::fs::remove_dir(&parent).expect("empty");
    assert_eq!(seen.count(native(libc::SYS_getppid)), 55);
}

fn cgroup_mount() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    line.split(' ').nth(4).map(Into::into)
}

#[test]
#[ignore = "needs root"]
fn everything_is_watched_but_the_monitor_itself() {
    let me = std::process::id();
    let folder = tempfile::tempdir().expect("temporary folder");
    let program = traced_as("traced-by-all", folder.path());
    let mut seen = watch_for_a_second(Target::All, || {
        run(Command::new(&program).args(["getppid", "99"]));
    });
    // The test's own process is the monitor here, with all its threads.
    assert!(seen.events.iter().all(|event| event.thread.tgid != me));
    seen.events
        .retain(|event| event.comm == Comm::new(b"traced-by-all"));
    assert_eq!(seen.count(native(libc::SYS_getppid)), 99);
}
