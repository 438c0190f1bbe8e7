//! Which call a line is of.

use super::{read, told};
use crate::syscall::event::{Abi, EventKind};
use crate::syscall::table;

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
