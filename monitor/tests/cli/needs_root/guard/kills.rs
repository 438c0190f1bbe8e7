//! SIGKILL at any moment: what is kept of the services is whole, and never older than it was.

use std::path::Path;
use std::time::Duration;

use monitor::service::life::State;
use monitor::service::store::{Kept, Store};

use super::{Guard, Service};
use crate::needs_root::accounting::kills::moments;

/// What is kept in a folder; every file of it must be readable.
fn kept(folder: &Path) -> Vec<Kept> {
    let store = Store::open(&folder.join("state")).expect("nobody holds it");
    store.read(&mut |remark| panic!("{remark}"))
}

#[test]
#[ignore = "needs root"]
fn a_guard_that_is_killed_at_any_moment_leaves_whole_files_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut one = Service::new("one", folder);
    Guard::configure_for(&["one"], folder, "1/day", "");
    one.start();
    let (mut calls, mut found, mut is_watched) = (0, 0, false);
    for after in moments(8, Duration::from_secs(4)) {
        let mut guard = Guard::start(folder);
        std::thread::sleep(after);
        guard.signal(libc::SIGKILL);
        guard.child.wait().expect("a child");
        for service in kept(folder) {
            assert_eq!(service.record.key.to_string(), one.key());
            assert!(service.record.calls >= calls, "{after:?}: {calls} calls");
            let watches = service.record.life.state() == State::Watching;
            assert!(watches || !is_watched, "{after:?}: it is learned again");
            assert!(service.profile.is_some() || !watches, "{after:?}");
            (calls, is_watched) = (service.record.calls, watches);
            found += 1;
        }
    }
    assert!(found > 0 && calls > 0, "{found} {calls}");
    let guard = Guard::start(folder);
    let status = guard.wait_until_watched(&mut one);
    assert!(status.calls >= calls, "{} {calls}", status.calls);
    assert_eq!(status.lost, 0, "{}", guard.log());
}
