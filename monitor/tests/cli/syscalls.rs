use crate::harness::run;

#[test]
fn every_table_is_printed_with_where_its_calls_are_mapped() {
    for abi in ["x86-64", "i386", "x32", "aarch64", "arm"] {
        let ran = run(&["syscalls", "--abi", abi]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.lines().count() > 300, "{abi}");
    }
}

#[test]
fn json_tells_number_name_index_and_rule_of_each_call() {
    let ran = run(&["syscalls", "--abi", "x86-64", "--format", "json"]);
    let lines = ran.lines();
    let of = |name: &str| {
        let found = lines.iter().find(|line| line["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    // arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl.
    let read = of("read");
    assert_eq!((&read["number"], &read["index"]), (&0.into(), &3.into()));
    assert_eq!(read["rule"], "name");
    let mmap = of("mmap");
    assert_eq!((&mmap["number"], &mmap["index"]), (&9.into(), &192.into()));
    assert_eq!(mmap["adfa_name"], "mmap2");
    assert_eq!(mmap["rule"], "meaning");
    assert!(mmap["reason"].is_string());
    let io_uring = of("io_uring_enter");
    assert_eq!(
        (&io_uring["index"], &io_uring["rule"]),
        (&0.into(), &"none".into())
    );
}

#[test]
fn a_table_that_is_not_there_is_refused_with_those_that_are() {
    run(&["syscalls", "--abi", "vax"]).refused(2, &["x86-64", "aarch64"]);
}
