use super::Reader;
use crate::syscall::call::{Abi, Call};
use crate::syscall::table;

fn text(name: &str, arguments: [u64; 6], memory: Option<&[u8]>) -> Option<String> {
    let reader = Reader::of(name).expect("a call with a reader");
    let detail = reader.detail(&arguments, memory, Some(0o101), 77)?;
    Some(detail.to_string())
}

#[test]
fn arguments_become_details_by_the_calls_own_layout() {
    let some = |text: &str| Some(text.to_owned());
    let path = Some(&b"/etc/shadow\0rest"[..]);
    assert_eq!(
        text("open", [9, 0, 0, 0, 0, 0], path),
        some("read:/etc/shadow")
    );
    assert_eq!(
        text("openat", [0, 9, 0o1102, 0, 0, 0], path),
        some("create:/etc/shadow")
    );
    assert_eq!(text("openat2", [0; 6], path), some("create:/etc/shadow"));
    assert_eq!(text("openat", [0, 9, 1, 0, 0, 0], None), some("write:?"));
    let inet = [2, 0, 0, 80, 10, 0, 0, 1];
    assert_eq!(
        text("connect", [3, 9, 16, 0, 0, 0], Some(&inet)),
        some("connect:10.0.0.1:80")
    );
    assert_eq!(
        text("sendto", [3, 9, 16, 0, 0, 0], None),
        None,
        "no address"
    );
    assert_eq!(text("mmap", [0, 9, 3, 0x22, 0, 0], None), None);
    assert_eq!(text("mmap", [0, 9, 7, 0x22, 0, 0], None), some("memory:7"));
    assert_eq!(
        text("mprotect", [0, 9, 5, 0, 0, 0], None),
        some("memory:10")
    );
    assert_eq!(
        text("socket", [2, 0o2_000_001, 0, 0, 0, 0], None),
        some("socket:131073")
    );
    assert_eq!(
        text("kill", [77, 15, 0, 0, 0, 0], None),
        some("signal-own:15")
    );
    assert_eq!(
        text("kill", [78, 9, 0, 0, 0, 0], None),
        some("signal-other:9")
    );
    assert_eq!(text("process_vm_writev", [77, 0, 0, 0, 0, 0], None), None);
    assert_eq!(
        text("process_vm_writev", [78, 0, 0, 0, 0, 0], None),
        some("foreign-memory:1")
    );
    assert_eq!(
        text("clone", [0x1200_0011, 0, 0, 0, 0, 0], None),
        some(&format!("clone:{}", 0x1200_0000))
    );
}

#[test]
fn i386s_own_layouts_are_read() {
    let call = |number| Call {
        abi: Abi::I386,
        number,
    };
    let text = |number, arguments: [u64; 6], memory: &[u8], word| {
        let reader = Reader::of_call(call(number)).expect("a call with a reader");
        let detail = reader.detail(&arguments, Some(memory), Some(word), 77);
        detail.map(|detail| detail.to_string())
    };
    let inet = [2, 0, 0, 80, 10, 0, 0, 1];
    let some = |text: &str| Some(text.to_owned());
    for (socket_call, expected) in [
        (2, some("bind:10.0.0.1:80")),
        (3, some("connect:10.0.0.1:80")),
        (11, some("send:10.0.0.1:80")),
        (4, None),
    ] {
        let arguments = [socket_call, 1, 0, 0, 0, 0];
        assert_eq!(text(102, arguments, &inet, 0), expected);
    }
    let socket = text(102, [1, 1, 0, 0, 0, 0], &[], 2 << 32 | 1);
    assert_eq!(socket, some("socket:131073"));
    // PROT_READ, PROT_WRITE and PROT_EXEC; MAP_PRIVATE and MAP_ANONYMOUS.
    let words = [7_u32.to_ne_bytes(), 0x22_u32.to_ne_bytes()].concat();
    assert_eq!(text(90, [1, 0, 0, 0, 0, 0], &words, 0), some("memory:7"));
    let words = [3_u32.to_ne_bytes(), 0x22_u32.to_ne_bytes()].concat();
    assert_eq!(text(90, [1, 0, 0, 0, 0, 0], &words, 0), None);
    assert_eq!(text(192, [0, 9, 7, 0x22, 0, 0], &[], 0), some("memory:7"));
}

#[test]
fn a_path_is_relative_to_the_directory_before_it_where_the_call_has_one() {
    for (name, folder, also) in [
        ("open", None, None),
        ("openat", Some(0), None),
        ("unlinkat", Some(0), None),
        ("rename", None, Some(None)),
        ("renameat2", Some(2), Some(Some(0))),
        ("linkat", Some(2), Some(Some(0))),
        ("symlinkat", Some(1), Some(None)),
        ("mount", None, None),
    ] {
        let reader = Reader::of(name).expect("a call with a reader");
        assert_eq!(reader.folder(), folder, "{name}");
        assert_eq!(Reader::also_of(name).map(Reader::folder), also, "{name}");
    }
}

#[test]
fn every_table_has_readers_and_no_argument_beyond_the_sixth() {
    for abi in Abi::ALL {
        let names = table::calls(abi).filter_map(table::name);
        let readers: Vec<_> = names.filter_map(Reader::of).collect();
        // io_uring has operations for the commonest calls only.
        let least = if abi == Abi::IoUring { 10 } else { 40 };
        assert!(readers.len() > least, "{abi:?}");
        assert!(readers.iter().all(|it| it.memory().is_none_or(|at| at < 6)));
    }
}
