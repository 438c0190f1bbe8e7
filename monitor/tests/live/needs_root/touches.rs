//! What calls touch arrives with the call that touched it.

use monitor::detail::Detail;
use monitor::live::touch::Details;
use monitor::syscall::{
    event::{EventKind, ThreadKey},
    table,
};

use crate::harness::{Seen, options, watch_command};

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
