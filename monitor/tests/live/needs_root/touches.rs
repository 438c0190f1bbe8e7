//! What calls touch arrives with the call that touched it.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use monitor::detail::{Detail, Outcome};
use monitor::live::{command, touch::Details};
use monitor::syscall::{
    event::{Abi, EventKind, ThreadKey},
    table,
};
use monitor_common::loss::Loss;

use crate::harness::{Seen, native, options, watch_command, watch_traced, watch_with};

/// Thread, place, name of the call and detail of every touch.
fn touches(seen: &Seen) -> Vec<(ThreadKey, u64, &'static str, Detail)> {
    let touches = seen.events.iter().filter_map(|event| match &event.kind {
        EventKind::Touch(touch) => {
            let name = table::name(touch.call)?;
            Some((event.thread, touch.seq, name, touch.detail.clone()))
        }
        _ => None,
    });
    touches.collect()
}

/// Every touch with its outcome, as text.
fn told(seen: &Seen) -> Vec<String> {
    let touches = seen.events.iter().filter_map(|event| match &event.kind {
        EventKind::Touch(touch) => {
            let outcome = touch.outcome.map_or("?", Outcome::name);
            Some(format!("{} {outcome}", touch.detail))
        }
        _ => None,
    });
    touches.collect()
}

fn read(details: Details, path: &str) -> Seen {
    let mut options = options();
    options.details = details;
    watch_command("/bin/cat".into(), &[path], options)
}

#[test]
#[ignore = "needs root"]
fn a_file_that_is_read_is_told_with_the_call_that_opened_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "x").expect("a file");
    let seen = read(Details::Full, path.to_str().expect("a path"));
    let expected = format!("read:{}", path.display());
    let all = touches(&seen);
    let told: Vec<_> = all
        .iter()
        .filter(|it| it.3.to_string() == expected)
        .collect();
    let [(thread, seq, name, _)] = told[..] else {
        panic!("told once, not {told:?} of {all:?}");
    };
    let calls = &seen.whole_threads()[thread];
    let call = calls[usize::try_from(*seq).expect("a place")];
    assert_eq!(table::name(call), Some(*name), "the call at its place");
    let program = |it: &&(ThreadKey, u64, &str, Detail)| it.3.to_string() == "execute:/bin/cat";
    assert!(all.iter().any(|it| program(&it)), "{all:?}");
}

#[test]
#[ignore = "needs root"]
fn what_a_thread_touches_is_told_also_where_another_one_has_its_slot() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["one", "two", "three"].map(|it| folder.path().join(it));
    let paths = paths.map(|it| it.to_str().expect("a path").to_owned());
    for path in &paths {
        std::fs::write(path, "x").expect("a file");
    }
    let mut options = options();
    options.details = Details::Full;
    // One slot, which the shell has while its children run.
    options.sizes.max_threads = 1;
    let script = r#"for it; do /bin/cat "$it"; done; :"#;
    let words = [
        &["-c", script, "sh"][..],
        &paths.each_ref().map(|it| &it[..]),
    ]
    .concat();
    let seen = watch_command("/bin/sh".into(), &words, options);
    let told = told(&seen);
    for path in &paths {
        let expected = format!("read:{path} ok");
        assert!(told.contains(&expected), "{expected} in {told:?}");
    }
    let mut missed = seen.source.missed.iter();
    let no_room = missed.find(|it| it.0 == Loss::TouchNoRoom.name());
    assert!(no_room.is_none_or(|it| it.1 == 0), "{no_room:?}");
}

#[test]
#[ignore = "needs root"]
fn what_was_told_is_told_again_when_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let [file, gate] = ["file", "gate"].map(|it| folder.path().join(it));
    std::fs::write(&file, "x").expect("a file");
    nix::unistd::mkfifo(&gate, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let [file, gate] = [file, gate].map(|it| it.to_str().expect("a path").to_owned());
    let script = r#"/bin/cat "$1"; /bin/cat "$1"; read go < "$2"; /bin/cat "$1"; :"#;
    let words = ["-c", script, "sh", &file, &gate].map(Into::into);
    let command = command::prepare("/bin/sh".as_ref(), &words, None).expect("a program");
    let again = |renews: bool, command| {
        let seen = watch_with(options(), Some(command), |services| {
            // Opened when the shell waits: it has read the file twice by then.
            let opened = std::fs::File::options().write(true).open(&gate);
            if renews {
                services.tell_touches_again();
            }
            opened
                .expect("a reader")
                .write_all(b"go\n")
                .expect("it reads");
        });
        let expected = format!("read:{file} ok");
        told(&seen).iter().filter(|it| **it == expected).count()
    };
    assert_eq!(again(true, command), 2);
    let command = command::prepare("/bin/sh".as_ref(), &words, None).expect("a program");
    assert_eq!(again(false, command), 1, "it was told");
}

#[test]
#[ignore = "needs root"]
fn without_details_nothing_is_told_and_with_classes_no_path() {
    let seen = read(Details::Off, "/etc/hostname");
    assert!(touches(&seen).is_empty());
    let seen = read(Details::Classes, "/etc/hostname");
    let classes = touches(&seen);
    // The loader maps libraries to execute them.
    let memory = |it: &(ThreadKey, u64, &str, Detail)| it.3.to_string().starts_with("memory:");
    assert!(classes.iter().any(memory), "{classes:?}");
    let is_number = |it: &(ThreadKey, u64, &str, Detail)| matches!(it.3, Detail::Number(..));
    assert!(classes.iter().all(is_number), "{classes:?}");
}

#[test]
#[ignore = "needs root"]
fn how_a_call_went_is_told_with_what_it_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    let told = told(&read(Details::Full, missing.to_str().expect("a path")));
    let expected = format!("read:{} not there", missing.display());
    assert!(told.contains(&expected), "{told:?}");
    let there = "read:/etc/ld.so.cache ok".to_owned();
    assert!(told.contains(&there), "{told:?}");
}

#[test]
#[ignore = "needs root"]
fn how_the_calls_went_that_open_and_run_in_other_ways_is_told_too() {
    let told = told(&watch_traced(&["other-opens"], options()));
    let mut expected = vec![
        "read:/etc/hostname ok",
        "read:/tmp/monitor-traced-missing not there",
        "read:/etc/hostname/x not there",
        "execute:/tmp/monitor-traced-missing not there",
        "execute:/usr denied",
    ];
    if cfg!(target_arch = "x86_64") {
        expected.push("create:/usr failed");
    }
    for expected in expected {
        assert!(told.iter().any(|it| it == expected), "{expected}: {told:?}");
    }
}

#[test]
#[ignore = "needs root"]
fn a_link_and_a_relative_path_lead_to_the_file_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().canonicalize().expect("a folder");
    let (secret, link) = (folder.join("secret"), folder.join("link"));
    std::fs::write(&secret, "x").expect("a file");
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("its mode");
    std::os::unix::fs::symlink(&secret, &link).expect("a link");
    let by_link = told(&read(Details::Full, link.to_str().expect("a path")));
    for expected in [
        format!("read:{} ok", link.display()),
        format!("read:{} ok", secret.display()),
        format!("read-private:{} ok", secret.display()),
    ] {
        assert!(by_link.contains(&expected), "{expected}: {by_link:?}");
    }
    let script = format!("cd {} && cat secret && cd /", folder.display());
    let seen = watch_command("/bin/sh".into(), &["-c", &script], options());
    let relative = told(&seen);
    let expected = format!("read:{} ok", secret.display());
    assert!(relative.contains(&expected), "{relative:?}");
}

#[test]
#[ignore = "needs root"]
fn what_is_submitted_to_io_uring_is_seen_with_what_it_touches() {
    for mode in ["io-uring", "io-uring-polled"] {
        let seen = watch_traced(&[mode], options());
        if seen.status == Some(77) {
            eprintln!("skipped: this kernel refuses io_uring");
            return;
        }
        let mut submitted = Vec::new();
        for calls in seen.whole_threads().values() {
            let of_ring = calls.iter().filter(|call| call.abi == Abi::IoUring);
            submitted.extend(of_ring.filter_map(|&call| table::name(call)));
        }
        assert_eq!(
            submitted,
            ["openat", "read", "connect", "send", "unlinkat"],
            "{mode}"
        );
        let told = told(&seen);
        for expected in [
            "read:/etc/hostname ?",
            "connect:127.0.0.1:9 ?",
            "remove:/tmp/monitor-traced-missing ?",
        ] {
            assert!(
                told.iter().any(|it| it == expected),
                "{mode}: {expected}: {told:?}"
            );
        }
    }
}

#[test]
#[ignore = "needs root"]
fn a_thread_that_touches_ever_new_things_hides_nothing_of_another_thread() {
    let seen = watch_traced(&["flood-of-paths", "40000"], options());
    let told = told(&seen);
    let all = seen.count(native(libc::SYS_openat)) + seen.count(native(libc::SYS_open));
    assert!(all > 40_000, "{all} were opened");
    assert!(told.len() < 40_000, "some of it was left out");
    let mut missed = seen.source.missed.iter();
    let left_out = missed.find(|it| it.0 == Loss::TouchRate.name());
    assert!(left_out.is_some_and(|it| it.1 > 0), "and counted");
    assert!(told.contains(&"read:/etc/hostname ok".to_owned()));
}

#[test]
#[ignore = "needs root"]
fn what_is_named_by_memory_that_is_not_there_yet_is_counted_or_told_as_unreadable() {
    let seen = watch_traced(&["unread"], options());
    let told = told(&seen);
    let of_file = told
        .iter()
        .filter(|it| it.contains(":/tmp/monitor-traced-unread"));
    let of_file: Vec<_> = of_file.map(String::as_str).collect();
    // Without its flags it is not known that it is made.
    let expected = [
        "read:/tmp/monitor-traced-unread ok",
        "read-private:/tmp/monitor-traced-unread ok",
        "remove:/tmp/monitor-traced-unread ?",
    ];
    assert_eq!(of_file, expected, "{told:?}");
    assert!(told.contains(&"send:? ?".to_owned()), "{told:?}");
    let mut missed = seen.source.missed.iter();
    let unreadable = missed.find(|it| it.0 == Loss::TouchUnreadable.name());
    assert_eq!(unreadable.map(|it| it.1), Some(2), "flags of both");
}

#[cfg(target_arch = "x86_64")]
#[test]
#[ignore = "needs root"]
fn what_is_opened_by_the_tables_of_i386_and_x32_is_told_too() {
    let seen = watch_traced(&["foreign-opens"], options());
    let of = |abi: Abi| {
        let touches = seen
            .events
            .iter()
            .filter_map(move |event| match &event.kind {
                EventKind::Touch(touch) if touch.call.abi == abi => Some(touch.detail.to_string()),
                _ => None,
            });
        touches.collect::<Vec<_>>()
    };
    assert_eq!(of(Abi::I386), ["read:/etc/hostname"]);
    assert_eq!(of(Abi::X32), ["read:/etc/hosts"]);
}
