use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use monitor::syscall::table;
use monitor::trace::recording::{Header, RecordingWriter};

use super::{CHECKS, Subject, Verdict};
use crate::kernels::architecture::Architecture;
use crate::kernels::guest::Guest;
use crate::kernels::release::Release;

/// What the monitor said of a run that went well.
const SAID: &str = "Summary after 1.0 s\n  attached  by perf tracepoints";

/// A recording of threads that made so many calls each, with so many skipped.
fn recording(threads: &[u64], skipped: u64) -> Vec<u8> {
    let header = Header {
        started_unix_ns: 0,
        started_monotonic_ns: 0,
        native: Abi::X86_64,
        kernel: "7.3.4".into(),
        targets: String::new(),
    };
    let mut writer = RecordingWriter::new(Vec::new(), &header).expect("memory");
    let number = table::number(Abi::X86_64, "getppid").expect("a call");
    for (tid, &count) in (10..).zip(threads) {
        let call = Call {
            abi: Abi::X86_64,
            number,
        };
        let event = Event {
            thread: ThreadKey {
                tgid: 9,
                tid,
                start_ns: 1,
            },
            comm: Comm::new(b"task"),
            service: ServiceId::ONLY,
            time_ns: 1,
            kind: EventKind::Calls(Stretch {
                first_seq: 0,
                last_ns: 2,
                calls: vec![call; count as usize],
            }),
        };
        writer.event(&event).expect("memory");
    }
    if skipped > 0 {
        writer
            .lost("skipped by the kernel", skipped)
            .expect("memory");
    }
    writer.finish(3).expect("memory")
}

fn verdict(shows: &str, files: Vec<(&str, Vec<u8>)>) -> Verdict {
    let named = files
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes));
    let guest = Guest::of(named.collect());
    let release = Release("7.3.4+deb13-cloud-amd64".into());
    let subject = Subject {
        guest: &guest,
        release: &release,
        architecture: Architecture::X86_64,
    };
    let check = CHECKS.iter().find(|check| check.shows.contains(shows));
    check.expect("a check of this name").judge(&subject)
}

fn all(threads: &[u64], skipped: u64) -> Verdict {
    verdict(
        "`--all`: 8 threads",
        vec![
            ("all.status", b"0\n".to_vec()),
            ("all.txt", SAID.into()),
            ("all.rec", recording(threads, skipped)),
        ],
    )
}

#[test]
fn one_call_that_is_missing_fails_a_check() {
    assert_eq!(all(&[1000; 8], 0), Verdict::Good(None));
    let mut one_less = [1000; 8];
    one_less[3] = 999;
    assert!(matches!(all(&one_less, 0), Verdict::Bad(_)));
    assert!(matches!(all(&[1000; 7], 0), Verdict::Bad(_)));
}

#[test]
fn what_the_kernel_skipped_is_remarked_where_it_is_counted_to_the_last_call() {
    let mut less = [1000; 8];
    less[3] = 990;
    assert!(matches!(all(&less, 9), Verdict::Bad(_)));
    let Verdict::Good(Some(remark)) = all(&less, 10) else {
        panic!("all of it is accounted for");
    };
    assert_eq!(
        remark,
        "all: 7 of 8 threads with 1000 calls, lost 10, of which 10 skipped by the kernel and \
         counted"
    );
}

#[test]
fn what_raw_tracepoints_miss_must_be_counted() {
    let raw = |skipped| {
        let files = vec![
            ("all-raw.status", b"0".to_vec()),
            ("all-raw.rec", recording(&[1000, 700], skipped)),
            ("idle-raw.status", b"0".to_vec()),
            ("idle-raw.rec", recording(&[200; 20], skipped)),
        ];
        verdict("raw tracepoints, forced", files)
    };
    assert!(matches!(raw(0), Verdict::Bad(_)));
    assert!(matches!(raw(300), Verdict::Good(Some(_))));
}

#[test]
fn a_check_that_was_not_made_is_absent_and_a_failed_run_is_bad() {
    for shows in [
        "x32",
        "64 KiB of locked memory",
        "refused without capabilities",
    ] {
        assert_eq!(verdict(shows, Vec::new()), Verdict::Absent, "{shows}");
    }
    let refused = vec![
        ("x32.status", b"1".to_vec()),
        ("x32.txt", b"refused".to_vec()),
    ];
    assert!(matches!(verdict("x32", refused), Verdict::Bad(why) if why.contains("refused")));
}
