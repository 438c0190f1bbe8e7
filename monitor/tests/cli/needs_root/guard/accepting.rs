//! What a person accepts or undoes while the guard runs.

use std::path::Path;

use super::{Guard, Service, wait_for};
use crate::harness::{run, text};

/// Calls after which all that an attack may raise was judged.
const AFTERWARDS: u64 = 500;

struct Watched {
    guard: Guard,
    service: Service,
}

impl Watched {
    /// Whether an attack raises an alarm.
    fn is_alarmed_by_an_attack(&self) -> bool {
        let status = || self.guard.service(&self.service).expect("it answers");
        let before = status().alarms;
        self.service.attack();
        // What is shown is of a tick that may have been before.
        let shown = |since: f64| {
            wait_for("a tick", || {
                let uptime = self.guard.status()?.uptime_s;
                (uptime > since).then_some(uptime)
            })
        };
        shown(shown(0.0));
        let calls = status().calls;
        wait_for("its calls", || {
            (status().calls > calls + AFTERWARDS).then_some(())
        });
        status().alarms > before
    }

    /// Accepts or undoes the latest incident of the service; gives its id.
    fn change(&self, what: &str, id: &str, folder: &Path) -> String {
        let (log, socket) = (folder.join("alarms.jsonl"), Guard::socket(folder));
        let (log, socket) = (text(&log), text(&socket));
        let done = run(&["profile", what, id, "--alarm-log", log, "--socket", socket]);
        assert_eq!(done.status, 0, "{}{}", done.err, self.guard.log());
        done.out
    }

    /// Its alarms give their scores again, by the profile as it was when they were raised.
    fn replays(&self, id: &str, folder: &Path) {
        let log = folder.join("alarms.jsonl");
        let replay = || run(&["replay", id, "--alarm-log", text(&log)]);
        // A profile that learned on is kept with the next save.
        let replayed = wait_for("the profile that judged", || {
            let replayed = replay();
            (replayed.status == 3).then_some(replayed)
        });
        let out = &replayed.out;
        assert!(out.contains("the same to the bit"), "{out}");
    }

    fn latest_incident(&self) -> String {
        let incidents = self.guard.incidents();
        let mut ids = incidents.iter().rev().map(|it| it["id"].as_str());
        ids.next().flatten().expect("an incident").to_owned()
    }
}

#[test]
#[ignore = "needs root"]
fn a_guard_takes_up_what_is_accepted_and_what_is_undone_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut service = Service::new("accepted", folder);
    // Every alarm is reported, however alike.
    let more = "[alarms]\nagain_after = \"0s\"\nper_minute = 1000\n";
    Guard::configure_for(&["accepted"], folder, "1/day", more);
    let log = folder.join("alarms.jsonl");
    let guard = Guard::start_with(folder, &["--alarm-log", text(&log)]);
    service.start();
    guard.wait_until_watched(&mut service);
    let watched = Watched { guard, service };
    assert!(watched.is_alarmed_by_an_attack());
    let id = watched.latest_incident();
    watched.replays(&id, folder);
    let told = watched.change("accept", &id, folder);
    for word in ["would take as normal", "sequences", "are quiet from now on"] {
        assert!(told.contains(word), "{told}");
    }
    // What another order of the same calls may still raise is accepted as well.
    let mut accepted = vec![id];
    while watched.is_alarmed_by_an_attack() {
        let id = watched.latest_incident();
        watched.change("accept", &id, folder);
        accepted.push(id);
        assert!(accepted.len() < 8, "{accepted:?}");
    }
    // What was accepted still gives its scores.
    watched.replays(&accepted[0], folder);
    let again = watched.change("accept", &accepted[0], folder);
    assert!(again.contains("0 sequences are new"), "{again}");

    accepted.dedup();
    for id in accepted.iter().rev() {
        let told = watched.change("unaccept", id, folder);
        assert!(told.contains("would no longer take as normal"), "{told}");
    }
    let status = watched.guard.service(&watched.service).expect("it answers");
    assert_eq!(status.lost, 0, "{}", watched.guard.log());
    assert!(watched.is_alarmed_by_an_attack());
}
