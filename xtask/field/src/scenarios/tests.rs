//! The suite's short form, on real services.

mod needs_services {
    use std::env::{current_exe, var_os};
    use std::path::Path;
    use std::time::Duration;

    use super::super::attack::Attack;
    use super::super::findings::findings;
    use super::super::marks::Mark;
    use super::super::report::Service;
    use super::super::service::{Make, nginx, shell};
    use super::super::study::{Extent, MARK, Studied, Study};
    use super::super::variant::Variant;
    use super::super::watcher::Monitor;

    /// The monitor that was built with the tests.
    fn monitor() -> Monitor {
        let here = current_exe().expect("the test's own path");
        let built = here.ancestors().nth(2).expect("cargo's target folder");
        Monitor {
            program: built.join("monitor"),
            onnxruntime: var_os("ORT_DYLIB_PATH").expect("ORT_DYLIB_PATH").into(),
            // What the LSTM saw must not depend on how busy the machine is.
            // Seconds of learning support no budget of days.
            budget: "0.1/million".to_owned(),
            options: vec!["--cpu=none".to_owned()],
        }
    }

    /// What was watched has the very alarms of the live run when its recording is judged again, and
    /// the attacks' marks are kept.
    fn same_again(monitor: &Monitor, profile: &Path, studied: &Studied) {
        let lives = studied.lives.iter();
        // Another build is not to be had everywhere.
        let lives = lives.filter_map(|life| life.outcome.as_ref().ok());
        let attacks = studied.attacks.iter();
        let attacks = attacks.map(|made| made.outcome.as_ref().expect("made"));
        for (mark, watched) in attacks.clone() {
            let kept = Mark::read(&watched.recording.with_extension(MARK)).expect("kept");
            assert_eq!(&kept, mark);
        }
        for watched in lives.chain(attacks.map(|(_, watched)| watched)) {
            let again = monitor.replay(&watched.recording, profile, 100.0);
            let (again, live) = (again.expect("judged again"), &watched.verdicts);
            assert_eq!(again.alarms, live.alarms, "{}", watched.recording.display());
            for count in ["calls", "asked", "answered", "alike"] {
                assert_eq!(again.summary[count], live.summary[count], "{count}");
            }
        }
    }

    /// Learned for some seconds, restarted, upgraded and attacked.
    fn short(name: &str, make: Make) -> Service {
        let folder = tempfile::tempdir().expect("a folder");
        let extent = Extent {
            learning: Duration::from_secs(8),
            watching: Duration::from_secs(4),
            variants: vec![
                Variant::Restarts,
                Variant::Upgrade,
                Variant::BadRequests,
                Variant::Administrator,
            ],
            attacks: vec![Attack::ReverseShell, Attack::FilelessExec],
            together: true,
            seed: 1,
        };
        let monitor = monitor();
        let study = Study::prepare(name, make, &monitor, &extent, folder.path(), false);
        let studied = study.and_then(Study::run).expect("studied");
        let profile = folder.path().join(name).join("profile");
        same_again(&monitor, &profile, &studied);
        findings(studied).expect("its recordings are judged")
    }

    fn holds(service: &Service) {
        assert!(service.learned.calls > 10_000, "{service:#?}");
        let shells = ["uid=", ""];
        assert_eq!(service.attacks.len(), shells.len(), "{service:#?}");
        for (attacked, answer) in service.attacks.iter().zip(shells) {
            assert!(attacked.complete, "{attacked:#?}");
            assert!(attacked.answer.contains(answer), "{attacked:#?}");
            assert!(attacked.by.monitor.is_some(), "not detected: {attacked:#?}");
        }
        let together = service.together.as_ref().expect("made once more");
        assert_eq!(together.attacks.len(), shells.len(), "{together:#?}");
        let restarts = service.benign.first().expect("restarts");
        assert!(restarts.calls > 1000, "{restarts:#?}");
        // Starts were learned. Not none: a few seconds of learning on a busy machine promise no
        // rate.
        assert!(restarts.false_alarms.monitor <= 5, "{restarts:#?}");
    }

    #[test]
    #[ignore = "needs services"]
    fn a_shell_script_is_learned_and_its_attacks_are_found() {
        let service = short("shell", shell::make);
        holds(&service);
        assert!(
            service.benign.iter().any(|life| life.upgrade),
            "bash is there"
        );
    }

    #[test]
    #[ignore = "needs services"]
    fn nginx_is_learned_and_its_attacks_are_found() {
        holds(&short("nginx", nginx::make));
    }
}
