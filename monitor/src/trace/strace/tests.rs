use super::{Strace, is_strace};
use crate::syscall::event::{Abi, Comm, Event, EventKind};
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

/// Shortened from `strace -f sh -c 'ls / | head -1'` on standard error, strace 6.1: the first pid is
/// told late, a message stands inside a line, and the last thread loses its prefix.
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

/// The lines of a program that calls `int $0x80` and x32 from 64-bit code, strace 6.1.
#[test]
fn a_change_of_mode_changes_the_table() {
    let (events, summary) = read(
        "getppid()                               = 2303\n\
         [ Process PID=2307 runs in 32 bit mode. ]\n\
         getpid()                                = 2307\n\
         [ Process PID=2307 runs in x32 mode. ]\n\
         getpid()                                = -1 ENOSYS (Function not implemented)\n\
         strace: [ Process PID=2307 runs in 64 bit mode. ]\n\
         getuid32()                              = 0\n\
         syscall_0x1f3(0x1, 0x2)                 = -1 ENOSYS (Function not implemented)\n",
    );
    let EventKind::Calls(stretch) = &events[0].kind else {
        panic!("{events:?}");
    };
    let calls: Vec<_> = stretch.calls.iter().map(|c| (c.abi, c.number)).collect();
    assert_eq!(
        calls,
        [
            (Abi::X86_64, 110),
            (Abi::I386, 20),
            (Abi::X32, 39),
            (Abi::I386, 199),
            (Abi::X86_64, 0x1f3),
        ]
    );
    assert_eq!(events.len(), 1);
    assert_eq!(summary.unknown_calls, 0);
}

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

#[test]
fn parts_of_calls_former_names_and_numbers_are_calls() {
    let (events, summary) = read(
        "send(3, \"x\", 1, 0) = 1\n\
         recv(3, \"x\", 1, 0) = 1\n\
         old_mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xb7800000\n\
         old_select(1024, 0xbf00) = 0\n\
         syscall_317(0x1, 0x1, 0, 0x2000) = -1 (errno 14)\n\
         SYS_318(0x1, 0x1) = -1\n\
         syscall_0x40000200(0x1) = 0\n",
    );
    let EventKind::Calls(stretch) = &events[0].kind else {
        panic!("{events:?}");
    };
    let calls: Vec<_> = stretch.calls.iter().map(|c| (c.abi, c.number)).collect();
    assert_eq!(
        calls,
        [
            (Abi::I386, 102),
            (Abi::I386, 102),
            (Abi::I386, 90),
            (Abi::I386, 82),
            (Abi::X86_64, 317),
            (Abi::X86_64, 318),
            (Abi::X32, 512),
        ]
    );
    assert_eq!(summary.unknown_calls, 0);
}

#[test]
fn a_program_gets_its_name_however_the_path_is_printed() {
    for (arguments, comm) in [
        (r#""/bin/ls", [], NULL"#, "ls"),
        (r#""\x2f\x62\x69\x6e\x2f\x6c\x73", [], NULL"#, "ls"),
        (r#""/bin/l\163", [], NULL"#, "ls"),
        (r#""/bin/a\"b", [], NULL"#, r#"a\"b"#),
        ("0x7ffd369258c8, 0x7ffd36925800, 0", ""),
    ] {
        let (events, _) = read(&format!("execve({arguments}) = 0 <0.000100>\n"));
        assert_eq!(told(&events)[1], format!("0: exec {comm}"), "{arguments}");
    }
}

#[test]
fn a_long_run_is_divided_and_a_long_line_is_one_call() {
    let line = format!("write(1, \"{}\", 9) = 9\n", "x".repeat(3_000_000));
    let (events, summary) = read(&format!("{line}{}", "getpid() = 1\n".repeat(2_000)));
    assert_eq!(summary.calls, 2_001);
    assert!(summary.skipped.is_empty(), "{:?}", summary.skipped);
    let firsts: Vec<_> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Calls(stretch) => stretch.first_seq,
            _ => panic!("{event:?}"),
        })
        .collect();
    assert_eq!(firsts, [0, 1024]);
}

#[test]
fn what_a_call_touches_is_told_with_how_it_went_also_when_that_is_known_later() {
    let (events, summary) = read(
        r#"7 openat(AT_FDCWD, "/etc/shadow", O_RDONLY) = -1 EACCES (Permission denied)
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}, 16 <unfinished ...>
8 mmap(NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
7 <... connect resumed>) = 0
7 kill(8, SIGKILL <unfinished ...>
7 +++ exited with 0 +++
"#,
    );
    assert_eq!(summary.calls, 4);
    let touches: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Touch(touch) => {
                let outcome = touch.outcome.map_or("unknown", |outcome| outcome.name());
                let name = table::name(touch.call).expect("a name");
                let (tid, seq) = (event.thread.tid, touch.seq);
                Some(format!("{tid} #{seq} {name} {} {outcome}", touch.detail))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        touches,
        [
            "7 #0 openat read:/etc/shadow denied",
            "8 #0 mmap memory:7 ok",
            "7 #1 connect connect:10.0.0.1:80 ok",
            "7 #2 kill signal-other:9 unknown",
        ]
    );
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
