use super::{Line, Mode, Time, What, parse};
use crate::trace::strace::message::{Message, Verb};

fn call(line: &str) -> (Option<u32>, Option<Time>, String) {
    let Line {
        pid, time, what, ..
    } = parse(line.as_bytes());
    let What::Call { name, .. } = what else {
        panic!("{line}: {what:?}");
    };
    (pid, time, String::from_utf8_lossy(name).into_owned())
}

/// Lines of strace 6.1.
#[test]
fn every_form_of_a_call_is_read() {
    let of_day = Some(Time::OfDay(43_191_203_817_000 - 17_200_000_000_000));
    for (line, pid, time) in [
        ("brk(NULL)                = 0x5651bcd01000", None, None),
        ("[pid  2492] brk(NULL) = 0", Some(2492), None),
        ("32106 brk(NULL) = 0", Some(32106), None),
        ("32106 07:13:11.203817 brk(NULL) = 0", Some(32106), of_day),
        (
            "[pid 2492] 07:13:11.203817 brk(NULL) = 0",
            Some(2492),
            of_day,
        ),
        (
            "07:13:11.203817 (+     0.000004) [ 231] [00007fbaec292409] brk(NULL) = ?",
            None,
            of_day,
        ),
        (
            "32129      0.000260 brk(NULL) = 0",
            Some(32129),
            Some(Time::Seconds(260_000)),
        ),
        (
            "1795417887.777137 brk(NULL) = 0",
            None,
            Some(Time::Seconds(1_795_417_887_777_137_000)),
        ),
        (
            "1795417887 brk(NULL) = 0",
            None,
            Some(Time::Seconds(1_795_417_887_000_000_000)),
        ),
        ("2337<sh> brk(NULL) = 0", Some(2337), None),
        ("[pid  2337<sh>] brk(NULL) = 0", Some(2337), None),
        ("[pid  2337 [unconfined_t]] brk(NULL) = 0", Some(2337), None),
        (
            "2337 [a_u:b_r:c_t:s0-s0:c0.c9] brk(NULL) = 0",
            Some(2337),
            None,
        ),
    ] {
        assert_eq!(call(line), (pid, time, "brk".to_owned()), "{line}");
    }
    assert_eq!(call("syscall_0x1f3(0x1) = -1").2, "syscall_0x1f3");
    assert_eq!(
        call("restart_syscall(<... resuming interrupted read ...>) = 0").2,
        "restart_syscall"
    );
    assert_eq!(parse(b"2337<sh> exit(0) = ?").comm, Some(b"sh".as_slice()));
}

#[test]
fn lines_that_are_no_call_say_what_they_are() {
    let what = |line: &'static str| parse(line.as_bytes()).what;
    assert_eq!(
        what("[pid 7] <... read resumed>\"x\", 1) = 1"),
        What::Resumed {
            name: b"read",
            rest: b">\"x\", 1) = 1"
        }
    );
    assert_eq!(what("+++ exited with 0 +++"), What::Ended);
    assert_eq!(
        what("7 +++ killed by SIGSEGV (core dumped) +++"),
        What::Ended
    );
    assert_eq!(
        what("7 +++ superseded by execve in pid 9 +++"),
        What::Superseded { by: 9 }
    );
    for prefix in ["", "strace: ", "[1073741863] [00007fbaec292409] "] {
        let line = format!("{prefix}[ Process PID=7 runs in 32 bit mode. ]");
        assert_eq!(
            parse(line.as_bytes()).what,
            What::Mode {
                pid: 7,
                mode: Mode::Bits32
            },
            "{line}"
        );
    }
    assert_eq!(what("--- SIGCHLD {si_signo=SIGCHLD} ---"), What::Other);
    assert_eq!(
        what(" > /usr/lib/libc.so.6(__libc_start_main+0x85) [0x27305]"),
        What::Other
    );
    assert_eq!(what("hello, world"), What::Noise);
    assert_eq!(what(", child_tidptr=0x7fd456fd2a10) = 32084"), What::Noise);
    assert_eq!(what(""), What::Noise);
}

#[test]
fn a_message_inside_a_line_is_taken_out() {
    let line = parse(b"[pid 3] clone(child_stack=NULL, flags=SIGCHLDstrace: Process 4 attached");
    let attached = Message {
        pid: 4,
        verb: Verb::Attached,
    };
    assert_eq!((line.pid, line.broken_by), (Some(3), Some(attached)));
    assert!(matches!(line.what, What::Call { name: b"clone", .. }));
    // What the program itself prints.
    let line = parse(b"gdb: Process 4 attached");
    assert_eq!((line.what, line.broken_by), (What::Noise, None));
}
