use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::folder::{Part, list};
use super::{Traces, parse};
use crate::syscall::event::{Abi, Comm, Event, EventKind};
use crate::trace::recorded::FormatReader;

fn error(bytes: &[u8]) -> String {
    parse("t.txt", bytes)
        .expect_err("a malformed trace")
        .to_string()
}

#[test]
fn numbers_are_separated_by_any_blanks() {
    let trace = parse("t.txt", b" 6 6\t63\r\n340\n0 ").expect("a trace");
    assert_eq!(trace, [6, 6, 63, 340, 0]);
    assert!(parse("t.txt", b" \n").expect("no word").is_empty());
}

#[test]
fn errors_name_file_word_and_remedy() {
    let text = error(b"1 2 \x1bx 3");
    assert!(
        text.starts_with("t.txt, word 3: \"\\x1bx\" is no number; "),
        "{text}"
    );
    assert!(error(b"3 341").contains("word 2: \"341\" is over 340"));
    assert!(error(b"99999999999999999999999").contains("is over 340"));
    assert!(error(b"+3").contains("is no number"));
    assert!(error(b"-1").contains("is no number"));
    assert!(error(&[b'7'; 100_000]).len() < 200);
}

fn events(traces: &mut Traces) -> Vec<Event> {
    traces.map(|event| event.expect("an event")).collect()
}

#[test]
fn a_long_trace_comes_in_stretches_that_join() {
    let text: String = (0..3000).map(|n| format!("{} ", n % 341)).collect();
    let mut traces = Traces::single(
        "UAD-Hydra-FTP-1-1371.txt",
        Box::new(std::io::Cursor::new(text)),
    );
    let events = events(&mut traces);
    let mut seq = 0;
    for event in &events[..events.len() - 1] {
        assert_eq!(event.comm, Comm::new(b"ydra-FTP-1-1371"));
        let EventKind::Calls(stretch) = &event.kind else {
            panic!("{event:?}");
        };
        assert_eq!(stretch.first_seq, seq);
        for call in &stretch.calls {
            assert_eq!((call.abi, u64::from(call.number)), (Abi::I386, seq % 341));
            seq += 1;
        }
    }
    let last = events.last().expect("an exit");
    assert_eq!(last.kind, EventKind::Exit { count: 3000 });
    assert_eq!(seq, 3000);
    assert_eq!((traces.summary().traces, traces.summary().calls), (1, 3000));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
    fs::write(path, text).expect("file");
}

#[test]
fn a_folder_is_read_in_order_and_what_is_skipped_is_counted() {
    let folder = tempfile::tempdir().expect("folder");
    let root = folder.path();
    write(&root.join("Training_Data_Master/UTD-2.txt"), "2");
    write(&root.join("Training_Data_Master/UTD-1.txt"), "1 1");
    write(&root.join("Training_Data_Master/.DS_Store"), "\0");
    write(&root.join("Validation_Data_Master/empty.txt"), "");
    write(&root.join("Validation_Data_Master/blank.txt"), " \n");
    write(&root.join("Attack_Data_Master/Adduser_1/UAD.txt"), "3");
    write(&root.join("README.md"), "text");
    symlink(root, root.join("Attack_Data_Master/loop")).expect("link");
    symlink("nowhere", root.join("Attack_Data_Master/dangling")).expect("link");

    let mut traces = Traces::folder(root).expect("traces");
    let events = events(&mut traces);
    let names: Vec<_> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Exit { .. }))
        .filter_map(|event| traces.trace_name(event.thread))
        .collect();
    assert_eq!(
        names,
        [
            "Attack_Data_Master/Adduser_1/UAD.txt",
            "Training_Data_Master/UTD-1.txt",
            "Training_Data_Master/UTD-2.txt",
        ]
    );
    let skipped: Vec<_> = traces.summary().skipped.into_iter().collect();
    assert_eq!(
        skipped,
        [
            ("file of macOS's Finder", 1),
            ("folder that was entered already, by a link", 1),
            ("link that leads nowhere", 1),
            ("outside ADFA-LD's three parts", 1),
            ("trace without a call", 2),
        ]
    );
}

#[test]
fn the_layout_of_the_published_archive_is_recognised() {
    let folder = tempfile::tempdir().expect("folder");
    for part in Part::ALL {
        let path = Path::new("ADFA-LD").join(part.folder()).join("a.txt");
        write(&folder.path().join(path), "1");
    }
    write(
        &folder.path().join("ADFA-LD+Syscall+List.txt"),
        "#define read 3",
    );
    let listing = list(folder.path()).expect("a listing");
    assert!(listing.three_parts);
    assert_eq!(listing.files.len(), 3);
    assert_eq!(listing.skipped.values().sum::<u64>(), 1);
}

#[test]
fn a_folder_without_the_three_parts_is_read_whole() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("own/a.txt"), "1");
    write(&folder.path().join("notes.md"), "text");
    let listing = list(folder.path()).expect("a listing");
    assert!(!listing.three_parts);
    assert_eq!(listing.files, [Path::new("own/a.txt")]);
    assert_eq!(listing.skipped.values().sum::<u64>(), 1);
}

#[test]
fn a_folder_without_traces_is_an_error() {
    let folder = tempfile::tempdir().expect("folder");
    let error = Traces::folder(folder.path()).err().expect("an error");
    assert!(error.to_string().contains("holds no trace"));
}

#[test]
fn parts_are_known_by_their_folders() {
    let part = |path: &str| Part::of(Path::new(path));
    assert_eq!(
        part("ADFA-LD/Attack_Data_Master/Web_Shell_3/UAD-1.txt"),
        Some((Part::Attack, Some("Web_Shell_3".to_owned())))
    );
    assert_eq!(
        part("Training_Data_Master/UTD-1.txt"),
        Some((Part::Training, None))
    );
    assert_eq!(part("a/b.txt"), None);
}

mod needs_adfa_ld {
    use std::path::PathBuf;

    use super::{Traces, events};
    use crate::syscall::adfa::{VOCABULARY, index};
    use crate::syscall::event::EventKind;
    use crate::trace::adfa::folder::Part;
    use crate::trace::recorded::FormatReader;

    fn training() -> Traces {
        let root = std::env::var_os("MONITOR_ADFA_LD").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/adfa-ld")),
            PathBuf::from,
        );
        Traces::folder(&root.join(Part::Training.folder())).expect("traces")
    }

    /// What the programs of the time really called, the ground for the map's rows by meaning.
    #[test]
    #[ignore = "needs ADFA-LD"]
    fn the_map_leads_to_the_calls_that_training_shows() {
        let mut traces = training();
        let mut counts = [0u32; VOCABULARY];
        for event in events(&mut traces) {
            if let EventKind::Calls(stretch) = event.kind {
                for call in stretch.calls {
                    counts[call.number as usize] += 1;
                }
            }
        }
        let count = |name| counts[usize::from(index(name).expect(name))];
        for (taken, calls, other, others) in [
            ("open", 20_503, "openat", 9),
            ("mmap2", 13_097, "mmap", 0),
            ("stat64", 19_414, "stat", 0),
            ("fcntl64", 9_784, "fcntl", 0),
            ("_llseek", 3_760, "lseek", 833),
            ("_newselect", 1_428, "select", 0),
            ("sigreturn", 185, "rt_sigreturn", 0),
            ("ugetrlimit", 199, "getrlimit", 0),
            ("getuid32", 345, "getuid", 0),
            ("getdents64", 1_273, "getdents", 269),
            ("nanosleep", 260, "clock_nanosleep", 0),
            ("statfs64", 124, "statfs", 7),
            ("poll", 10_752, "ppoll", 333),
            ("pipe", 1_227, "pipe2", 251),
            ("dup2", 942, "dup3", 0),
            ("fadvise64_64", 5, "fadvise64", 0),
            ("socketcall", 8_646, "sendfile", 0),
            ("ipc", 15, "sendfile64", 0),
        ] {
            assert_eq!(
                (count(taken), count(other)),
                (calls, others),
                "{taken} {other}"
            );
        }
    }

    /// Counts from the data set's README: 833 training traces with 308,077 calls.
    #[test]
    #[ignore = "needs ADFA-LD"]
    fn the_training_part_has_its_published_size() {
        let mut traces = training();
        events(&mut traces);
        let summary = traces.summary();
        assert_eq!((summary.traces, summary.calls), (833, 308_077));
        assert!(summary.skipped.is_empty(), "{:?}", summary.skipped);
    }
}
