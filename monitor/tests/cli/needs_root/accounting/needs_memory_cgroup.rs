//! In a group that may have little memory.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use super::{Account, of};
use crate::harness::{Ran, monitor, text};
use crate::traced::traced;

/// A group with a limit of memory, by whichever version of cgroups has that controller.
struct MemoryGroup(PathBuf);

impl MemoryGroup {
    fn new(bytes: u64) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let at = |kind: &str, option: &str| {
            let line = mounts.lines().find(|line| {
                let behind = line.split_once(" - ").map(|it| it.1);
                behind.is_some_and(|it| it.starts_with(kind) && it.contains(option))
            });
            line.and_then(|line| line.split(' ').nth(4))
                .map(PathBuf::from)
        };
        let name = format!("monitor-test-{}", std::process::id());
        let places = [
            (at("cgroup ", "memory"), "memory.limit_in_bytes"),
            (at("cgroup2 ", ""), "memory.max"),
        ];
        for (mount, limit) in places {
            let Some(group) = mount.map(|mount| mount.join(&name)) else {
                continue;
            };
            fs::create_dir(&group).ok()?;
            let group = Self(group);
            if fs::write(group.0.join(limit), bytes.to_string()).is_ok() {
                return Some(group);
            }
        }
        None
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
#[ignore = "needs root and a cgroup that limits memory"]
fn twenty_thousand_threads_that_come_and_go_fit_into_a_group_of_little_memory() {
    let group = MemoryGroup::new(160 << 20).expect("a cgroup that limits memory");
    let program = traced();
    // The command joins the group as well: its threads are the same pages again and again.
    let words = [
        &["--no-alarm-log", "--format", "json", "--", text(&program)][..],
        &["churn", "20000"],
    ];
    let mut command = monitor(&words.concat());
    let procs = std::ffi::CString::new(text(&group.0.join("cgroup.procs"))).expect("no NUL");
    let join = move || {
        // SAFETY: the path ends with NUL, and 0 stands for whoever writes.
        unsafe {
            let file = libc::open(procs.as_ptr(), libc::O_WRONLY);
            libc::write(file, c"0".as_ptr().cast(), 1);
            libc::close(file);
        }
        Ok(())
    };
    // SAFETY: open(2), write(2) and close(2) may be called between fork and exec.
    unsafe { command.pre_exec(join) };
    let ran = Ran::from(command.output().expect("starts"));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let all = Account::of(&ran);
    assert!(all.made() > 20_000, "{all:?}");
    assert!(of(&ran.lines(), "thread_end").count() >= 20_000, "{all:?}");
}
