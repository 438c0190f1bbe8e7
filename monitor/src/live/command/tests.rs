use super::{CommandError, prepare};

/// Whether a process sleeps (proc_pid_stat(5)).
fn sleeps(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is there");
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('S'))
}

#[test]
fn it_runs_only_when_released_and_its_status_is_passed_on() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mark = folder.path().join("ran");
    let script = format!("touch {}; exit 7", mark.display());
    let prepared = prepare("sh".as_ref(), &["-c".into(), script.into()], None).expect("sh");
    // It waits for its release: nothing else makes it sleep.
    let begun = std::time::Instant::now();
    while !sleeps(prepared.pid) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60));
        std::thread::yield_now();
    }
    assert!(!mark.exists());
    assert_eq!(prepared.release().expect("waiting").wait().expect("ran"), 7);
    assert!(mark.exists());
}

#[test]
fn a_signal_shows_as_in_a_shell() {
    let prepared = prepare("sh".as_ref(), &["-c".into(), "kill -9 $$".into()], None).expect("sh");
    assert_eq!(
        prepared.release().expect("waiting").wait().expect("ran"),
        137
    );
}

#[test]
fn what_cannot_be_run_is_named() {
    let missing = prepare("no-such-program".as_ref(), &[], None)
        .err()
        .expect("refused");
    assert!(matches!(missing, CommandError::NotFound(_)), "{missing}");
    let folder = prepare("/proc".as_ref(), &[], None).expect("found out at exec only");
    let refused = folder
        .release()
        .expect("waiting")
        .wait()
        .expect_err("a folder");
    assert!(refused.to_string().contains("/proc"), "{refused}");
}
