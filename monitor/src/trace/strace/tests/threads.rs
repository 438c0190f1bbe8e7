//! Whose a line is.

use super::{read, told};
use crate::syscall::event::Comm;

#[test]
fn an_execve_of_another_thread_ends_both_and_goes_on_as_the_leader() {
    for leader in ["2492 ", ""] {
        let first = if leader.is_empty() { 0 } else { 2492 };
        let (events, _) = read(&format!(
            "{leader}clone3({{flags=CLONE_THREAD}}) = 2495\n\
             strace: Process 2495 attached\n\
             [pid 2495] execve(\"/bin/true\", [], NULL <unfinished ...>\n\
             {leader}+++ superseded by execve in pid 2495 +++\n\
             {leader}<... execve resumed>) = 0\n\
             {leader}brk(NULL) = 0x0\n"
        ));
        assert_eq!(
            told(&events),
            [
                format!("{first}: 0 clone3"),
                "2495: 0 execve".to_owned(),
                format!("{first}: exit 1"),
                "2495: exit 1".to_owned(),
                format!("{first}: exec true"),
                format!("{first}: 0 brk"),
            ],
            "{leader:?}"
        );
    }
}

#[test]
fn a_name_printed_by_strace_is_the_threads() {
    let (events, _) = read("2337<sh\\33> exit_group(0) = ?\n");
    assert_eq!(events[0].comm, Comm::new(b"sh\x1b"));
}

/// strace 4.5 and 4.6 without `strace: ` before the message, which also breaks the line.
#[test]
fn a_message_of_old_versions_inside_a_line_keeps_child_and_parent_apart() {
    let (events, summary) = read(
        "getpid() = 900\n\
         clone(Process 901 attached\n\
         child_stack=0, flags=SIGCHLD) = 901\n\
         [pid   901] close(4) = 0\n\
         [pid   900] wait4(-1, Process 900 suspended\n \
         <unfinished ...>\n\
         [pid   901] exit_group(0) = ?\n\
         Process 900 resumed\n\
         Process 901 detached\n\
         <... wait4 resumed> NULL, 0, NULL) = 901\n\
         Process 900 detached\n",
    );
    assert_eq!(
        told(&events),
        [
            "0: 0 getpid clone",
            "901: 0 close",
            "0: 2 wait4",
            "901: 1 exit_group",
            "901: exit 2",
            "0: exit 3",
        ]
    );
    assert!(summary.remarks().is_empty(), "{:?}", summary.remarks());
}

#[test]
fn a_thread_that_is_detached_has_ended() {
    let (events, _) = read(
        "getpid() = 900\n\
         clone(child_stack=0, flags=SIGCHLD) = 901\n\
         Process 901 attached\n\
         [pid   901] close(4) = 0\n\
         Process 901 detached\n\
         wait4(-1, NULL, 0, NULL) = 901\n",
    );
    assert_eq!(
        told(&events),
        [
            "0: 0 getpid clone",
            "901: 0 close",
            "901: exit 1",
            "0: 2 wait4"
        ]
    );
    // An end that is told twice, and the Ctrl-C of today's versions.
    let (events, _) = read(
        "strace: Process 7 attached\n\
         [pid 8] +++ exited with 0 +++\n\
         Process 8 detached\n\
         read(0,  <detached ...>\n\
         strace: Process 7 detached\n",
    );
    assert_eq!(told(&events), ["8: exit 0", "7: 0 read", "7: exit 1"]);
}

/// `strace -q -f` announces no thread: what a fork gives, and that a thread inside a call makes no
/// other, tell the first thread's pid from its child's.
#[test]
fn without_announcements_a_child_is_not_taken_for_its_parent() {
    for fork in [
        "clone(child_stack=NULL) = 901",
        "clone(child_stack=NULL <unfinished ...>",
    ] {
        let (events, _) = read(&format!(
            "getpid() = 900\n{fork}\n\
             [pid   901] close(4) = 0\n\
             [pid   900] wait4(-1, NULL, 0, NULL) = 901\n"
        ));
        assert_eq!(
            told(&events)[..2],
            ["0: 0 getpid clone", "901: 0 close"],
            "{fork}"
        );
    }
}

#[test]
fn a_pid_that_is_attached_again_is_another_thread() {
    let (events, _) =
        read("7 getpid() = 7\n8 close(3) = 0\nstrace: Process 8 attached\n8 brk(NULL) = 0x5\n");
    assert_eq!(
        told(&events),
        ["7: 0 getpid", "8: 0 close", "8: exit 1", "8: 0 brk"]
    );
}
