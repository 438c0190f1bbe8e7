//! What is done about an incident of a service that behaves unlike itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use monitor::response::statement::Outcome;
use serde_json::Value;

use super::{Guard, Service, wait_for};
use crate::schema;

impl Guard {
    /// The lines of JSON about actions, each of which has the form that is published.
    fn actions(&self) -> Vec<Value> {
        let out = fs::read_to_string(self.folder.join("out")).unwrap_or_default();
        // The last line may not be whole yet.
        let lines = out.split_inclusive('\n').filter(|it| it.ends_with('\n'));
        let lines = lines.filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let actions: Vec<_> = lines.filter(|it| it["type"] == "action").collect();
        actions.iter().for_each(schema::check);
        actions
    }

    fn wait_for_action(&self, action: &str, outcome: Outcome) -> Value {
        let outcome = serde_json::to_value(outcome).expect("a name");
        wait_for("the action", || {
            let mut actions = self.actions().into_iter();
            actions.find(|it| it["action"] == action && it["outcome"] == outcome)
        })
    }
}

impl Service {
    fn is_frozen(&self) -> bool {
        let events = fs::read_to_string(self.cgroup.join("cgroup.events")).expect("ours");
        events.contains("frozen 1")
    }
}

/// What is done about incidents of any severity.
fn actions(hook: &Path) -> String {
    let one = |severity| format!("{severity} = [\"hook:{}\", \"freeze\"]\n", hook.display());
    ["critical", "high", "medium", "low"].map(one).concat()
}

/// A program that keeps what it gets, as another user than root.
fn hook(folder: &Path) -> (PathBuf, PathBuf) {
    let (hook, page) = (folder.join("hook"), folder.join("page"));
    let text = format!("#!/bin/sh\n(id -u; cat) > {}\n", page.display());
    fs::write(&hook, text).expect("written");
    fs::write(&page, "").expect("written");
    for (path, mode) in [(folder, 0o755), (&hook, 0o755), (&page, 0o666)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    }
    (hook, page)
}

#[test]
#[ignore = "needs root"]
fn it_is_only_said_in_a_dry_run_and_frozen_for_a_time_for_real() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut service = Service::new("frozen", folder);
    let (hook, page) = hook(folder);
    let actions = actions(&hook);
    Guard::configure_for(
        &["frozen"],
        folder,
        "1/day",
        &format!("[actions]\n{actions}"),
    );
    let mut guard = Guard::start(folder);
    service.start();
    guard.wait_until_watched(&mut service);
    service.attack();
    let said = guard.wait_for_action("freeze", Outcome::DryRun);
    assert_eq!(said["service"], service.key());
    assert!(!service.is_frozen());
    assert_eq!(fs::read_to_string(&page).expect("ours"), "", "a dry run");
    let remarks = guard.status().expect("it answers").remarks;
    let is_said = |it: &(u64, String)| it.1.starts_with("ACTION freeze dry run");
    assert!(remarks.iter().any(is_said), "{remarks:?}");
    guard.signal(libc::SIGTERM);
    assert!(guard.child.wait().expect("a child").success());
    assert!(guard.actions().iter().all(|it| it["outcome"] == "dry_run"));

    let real = format!("[actions]\ndry_run = false\nundo_after = \"3s\"\n{actions}");
    Guard::configure_for(&["frozen"], folder, "1/day", &real);
    let guard = Guard::start(folder);
    wait_for("its calls", || {
        guard
            .service(&service)
            .filter(|it| it.calls_per_second > 0.0)
    });
    guard.has_given_up_rights();
    service.begin_attack();
    wait_for("the frost", || service.is_frozen().then_some(()));
    let done = guard.wait_for_action("freeze", Outcome::Done);
    let paged = fs::read_to_string(&page).expect("ours");
    let (user, incident) = paged.split_once('\n').expect("two lines");
    assert_ne!(user, "0");
    let incident: Value = serde_json::from_str(incident).expect("an incident");
    assert_eq!(incident["id"], done["incident"]);
    let undone = guard.wait_for_action("freeze", Outcome::Undone);
    assert_eq!(done["incident"], undone["incident"]);
    wait_for("the thaw", || (!service.is_frozen()).then_some(()));
    let before = guard.service(&service).expect("it answers").calls;
    wait_for("its calls", || {
        guard.service(&service).filter(|it| it.calls > before + 300)
    });
}
