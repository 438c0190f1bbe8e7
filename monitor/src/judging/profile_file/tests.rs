//! Saves that fail.

mod needs_onnxruntime {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use crate::detect::detector::{Adapting, Detector, Settings};
    use crate::judging::profile_file::{ProfileFile, RETRIED_EVERY, SAVED_EVERY};
    use crate::judging::{Judging, Single};
    use crate::learn::Census;
    use crate::model::Model;
    use crate::model::runtime::Runtime;
    use crate::pipeline::{Parts, Pipeline, Queue, Reporting};
    use crate::profile::file::lock::Lock;
    use crate::profile::file::{read, write};
    use crate::profile::{Profile, Thresholds};
    use crate::run::snapshot::OutputState;
    use crate::syscall::event::{Abi, Call, Event};
    use crate::syscall::sample;

    /// Calls of a stretch: more than must be calm in a row before any is learned.
    const CALLS: u64 = 10_000;

    /// What a program does over and over, an hour after each stretch before.
    fn stretch(hour: u64) -> Event {
        let numbers = [5, 197, 3, 3, 6].into_iter().cycle();
        let calls = numbers.take(CALLS as usize).map(|number| Call {
            abi: Abi::I386,
            number,
        });
        let time_ns = 3_600_000_000_000 * hour + 1;
        sample::stretch(sample::thread(1, 1), CALLS * hour, time_ns, calls.collect())
    }

    /// A profile of a service, and a detector that judges by it and learns on.
    fn learning_on(path: &Path) -> Detector {
        let mut census = Census::new(Profile::default());
        (0..10).for_each(|hour| census.push(&stretch(hour)));
        census.end_source();
        let profile = census.into_parts().0;
        write(path, &profile).expect("written");
        let runtime = Runtime::load(None).expect("ORT_DYLIB_PATH and ORT_DISABLE_TELEMETRY=1");
        let model = Model::embedded(&runtime).expect("the default model");
        let settings = Settings::default();
        let mut detector = Detector::with_profile(model, profile, Thresholds::NEVER, settings);
        detector.adapt(Adapting::default());
        detector
    }

    /// Has it learn on what happens in an hour.
    fn live(judging: &mut Judging, hour: u64) {
        judging.push(&stretch(hour), None);
        judging.score(&mut Vec::new()).expect("the model scores");
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_save_that_fails_is_told_tried_again_and_leaves_the_old_profile() {
        let folder = tempfile::tempdir().expect("a folder");
        let (here, away) = (folder.path().join("here"), folder.path().join("away"));
        fs::create_dir(&here).expect("made");
        let path = here.join("web.profile");
        let mut judging = Judging::new(Some(learning_on(&path)), None);
        let mut file = ProfileFile::new(&path, true);
        let before = fs::read(&path).expect("there");
        (0..2).for_each(|hour| live(&mut judging, hour));
        assert!(judging.has_learned_on());

        // Its folder cannot be written to.
        fs::rename(&here, &away).expect("moved");
        for attempt in 1..=3 {
            file.save(&mut judging, Duration::ZERO);
            let health = file.health().expect("it saves");
            assert_eq!((health.state, health.dropped), (OutputState::Failing, 1));
            assert_eq!((health.written, health.failures), (0, attempt));
            let why = health.error.expect("why");
            assert!(why.contains("No such file"), "{why}");
            assert_eq!(file.pause, RETRIED_EVERY);
        }
        let kept = fs::read(away.join("web.profile")).expect("there");
        assert_eq!(kept, before, "the old one stays");
        assert_eq!(fs::read_dir(&away).expect("there").count(), 1);
        assert!(judging.has_learned_on(), "it is to be saved yet");

        // With what was learned meanwhile, once it can be.
        live(&mut judging, 2);
        fs::rename(&away, &here).expect("moved back");
        file.save(&mut judging, Duration::ZERO);
        let health = file.health().expect("it saves");
        assert_eq!((health.state, health.dropped), (OutputState::Ok, 0));
        assert_eq!((health.written, health.failures), (1, 3));
        assert_eq!(file.pause, SAVED_EVERY);
        let (saved, _) = read(&path).expect("whole");
        let judges = judging.profile().expect("one");
        assert_eq!(
            crate::profile::file::sha256(&saved),
            crate::profile::file::sha256(judges)
        );
        assert!(!judging.has_learned_on());
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_profile_that_another_process_changes_is_waited_for_and_then_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("web.profile");
        let mut judging = Judging::new(Some(learning_on(&path)), None);
        let mut file = ProfileFile::new(&path, true);
        (0..2).for_each(|hour| live(&mut judging, hour));
        let lock = Lock::of(&path, Duration::ZERO).expect("free");
        file.save(&mut judging, Duration::ZERO);
        let health = file.health().expect("it saves");
        assert_eq!((health.state, health.failures), (OutputState::Ok, 0));
        assert!(file.pause < RETRIED_EVERY, "soon again");
        // At the end there is no later.
        file.save(&mut judging, Duration::from_millis(50));
        let health = file.health().expect("it saves");
        assert_eq!(health.state, OutputState::Failing);
        let why = health.error.expect("why");
        assert!(why.contains("another process"), "{why}");
        drop(lock);
        file.save(&mut judging, Duration::ZERO);
        assert_eq!(file.health().map(|it| it.written), Some(1));
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_run_whose_profile_cannot_be_saved_goes_on_to_its_end_and_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let (here, away) = (folder.path().join("here"), folder.path().join("away"));
        fs::create_dir(&here).expect("made");
        let path = here.join("web.profile");
        let engine = Single::new(Some(learning_on(&path)), None).following(&path, true);
        let before = fs::read(&path).expect("there");
        let (feed, pipeline) = Pipeline::start(Parts {
            engine: Box::new(engine),
            tap: None,
            listeners: Vec::new(),
            reporting: Reporting::default(),
            queue: Queue::of(4),
            tick: Duration::from_millis(5),
            cpu: None,
        })
        .expect("threads");
        fs::rename(&here, &away).expect("moved");
        for hour in 0..3 {
            feed.send(vec![stretch(hour)]).expect("the run goes on");
        }
        let outcome = pipeline.finish(feed).expect("it is no error of the run");
        assert_eq!(outcome.snapshot.counters.calls, 3 * CALLS, "all is judged");
        let [profile] = &outcome.outputs[..] else {
            panic!("one that is kept: {:?}", outcome.outputs);
        };
        assert!(profile.name.contains("web.profile"), "{}", profile.name);
        assert!(profile.has_failed(), "and with that the status at the end");
        assert_eq!(fs::read(away.join("web.profile")).expect("there"), before);
    }
}
