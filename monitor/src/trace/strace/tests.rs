mod calls;

mod threads;

use super::{Strace, is_strace};
use crate::syscall::event::{Abi, Event, EventKind};
use crate::syscall::table;
use crate::trace::recorded::{FormatReader, TraceSummary};

fn read(text: &str) -> (Vec<Event>, TraceSummary) {
    let mut strace = Strace::new("s.txt".to_owned(), text.as_bytes(), Abi::X86_64);
    let events = (&mut strace)
        .map(|event| event.expect("an event"))
        .collect();
    (events, strace.summary())
}

/// `tid: first_seq name name …`, `tid: exec comm`, `tid: exit count`.
fn told(events: &[Event]) -> Vec<String> {
    let mut told = Vec::new();
    for event in events {
        let what = match &event.kind {
            EventKind::Calls(stretch) => {
                let names: Vec<_> = stretch
                    .calls
                    .iter()
                    .map(|&call| {
                        table::name(call).map_or_else(|| call.number.to_string(), str::to_owned)
                    })
                    .collect();
                format!("{} {}", stretch.first_seq, names.join(" "))
            }
            EventKind::Exec => format!("exec {}", event.comm),
            EventKind::Exit { count } => format!("exit {count}"),
            // Looked at by a test of their own.
            EventKind::Touch(_) => continue,
            EventKind::Fork { .. } => panic!("{event:?}"),
        };
        told.push(format!("{}: {what}", event.thread.tid));
    }
    told
}

/// Shortened from `strace -f sh -c 'ls / | head -1'` on standard error, strace 6.1: the first pid
/// is told late, a message stands inside a line, and the last thread loses its prefix.
#[test]
fn the_text_of_standard_error_is_followed_thread_by_thread() {
    let (events, summary) = read(
        r#"execve("/usr/bin/sh", ["sh"], 0x7ffd369258c8 /* 39 vars */) = 0
brk(NULL)                               = 0x5651bcd01000
clone(child_stack=NULL, flags=SIGCHLD, child_tidptr=0x7fd456fd2a10) = 32083
strace: Process 32083 attached
[pid 32082] close(4)                    = 0
[pid 32083] set_robust_list(0x7fd456fd2a20, 24 <unfinished ...>
[pid 32082] newfstatat(AT_FDCWD, "/bin/head",  <unfinished ...>
[pid 32083] <... set_robust_list resumed>) = 0
[pid 32082] <... newfstatat resumed>0x7ffea9520840, 0) = -1 ENOENT (No such file or directory)
[pid 32083] execve("/usr/bin/ls", ["ls", "/"], 0x5651bcd01b70 /* 39 vars */ <unfinished ...>
[pid 32082] clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLDstrace: Process 32084 attached
, child_tidptr=0x7fd456fd2a10) = 32084
[pid 32083] <... execve resumed>)       = 0
[pid 32084] execve("/nowhere/head", ["head"], 0x0 /* 39 vars */) = -1 ENOENT (No such file or directory)
[pid 32084] +++ exited with 0 +++
[pid 32082] wait4(-1,  <unfinished ...>
[pid 32083] exit_group(0)               = ?
[pid 32083] +++ exited with 0 +++
<... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 32083
--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=32083} ---
rt_sigreturn({mask=[]})                 = 0
+++ killed by SIGKILL +++
"#,
    );
    assert_eq!(
        told(&events),
        [
            "0: 0 execve",
            "0: exec sh",
            "0: 1 brk clone close",
            "32083: 0 set_robust_list",
            "0: 4 newfstatat",
            "32083: 1 execve",
            "0: 5 clone",
            "32083: exec ls",
            "32084: 0 execve",
            "32084: exit 1",
            "0: 6 wait4",
            "32083: 2 exit_group",
            "32083: exit 3",
            "0: 7 rt_sigreturn",
            "0: exit 8",
        ]
    );
    assert!(summary.remarks().is_empty(), "{:?}", summary.remarks());
    assert_eq!((summary.traces, summary.calls), (3, 12));
}

/// `strace -f -ttt -o FILE` prints the pid on every line.
#[test]
fn the_text_of_a_file_has_every_pid_and_time() {
    let (events, _) = read(
        "7 1795417887.000001 read(0, \"\", 1) = 0\n\
         7 1795417887.000003 close(0 <unfinished ...>\n\
         8 1795417887.000004 restart_syscall(<... resuming interrupted read ...>) = 0\n\
         7 1795417887.000005 <... close resumed>) = 0\n\
         7 1795417887.000006 getpid() = 7\n",
    );
    assert_eq!(
        told(&events),
        ["7: 0 read close", "8: 0 restart_syscall", "7: 2 getpid"]
    );
    let EventKind::Calls(stretch) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(
        (events[0].time_ns, stretch.last_ns, events[1].time_ns),
        (0, 2_000, 3_000)
    );
}

#[test]
fn what_is_left_out_is_counted() {
    let (events, summary) = read(
        "[pid 3] <... read resumed>\"\", 1) = 0\n\
         read(0, \"\", 1) = 0\n\
         frobnicate(1) = 0\n\
         \x1b[31mhello\n\
         exit_group(0) = ?\n",
    );
    assert_eq!(told(&events).len(), 1);
    assert_eq!(summary.calls, 2);
    assert_eq!(summary.unknown_names.get("frobnicate"), Some(&1));
    let skipped: Vec<_> = summary.skipped.values().copied().collect();
    assert_eq!(skipped, [1, 1]);
    assert_eq!(summary.remarks().len(), 3);
}

#[test]
fn a_text_without_a_call_is_an_error() {
    let mut strace = Strace::new("s.txt".to_owned(), &b"hello\n"[..], Abi::X86_64);
    let error = strace.next().expect("an item").expect_err("an error");
    assert!(error.to_string().contains("s.txt: holds no system call"));
    assert!(strace.next().is_none());
}

#[test]
fn prose_is_not_taken_for_strace() {
    assert!(is_strace(b"read(0, \"\", 1) = 0"));
    assert!(is_strace(b"7 +++ exited with 0 +++"));
    assert!(!is_strace(b"see foo(bar) for more"));
    assert!(!is_strace(b"3 5 6"));
}

#[test]
fn mutated_text_never_panics() {
    let text = "[pid 3] 07:11:27.7 (+ 0.1) [ 2] clone(x|SIGCHLDstrace: Process 4 attached\n\
                ) = 4\n4<a> 1795417887.7 execve(\"/bin/x\", [] <unfinished ...>\n\
                3 +++ superseded by execve in pid 4 +++\n[ Process PID=3 runs in 32 bit mode. ]\n\
                <... execve resumed>) = 0\nsyscall_0xffffffff(0) = ?\n+++ exited with 0 +++\n";
    let mut random = 88_172_645_463_325_252u64;
    for _ in 0..20_000 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..4 {
            // Marsaglia's xorshift64.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let place = (random >> 8) as usize % bytes.len();
            match random % 3 {
                0 => bytes[place] = (random >> 40) as u8,
                1 => drop(bytes.remove(place)),
                _ => bytes.insert(place, b"9<[(\"\n =+"[(random >> 40) as usize % 9]),
            }
        }
        let strace = Strace::new(String::new(), bytes.as_slice(), Abi::X86_64);
        assert!(strace.take(1_000).count() < 1_000);
    }
}
