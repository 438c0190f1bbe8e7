//! What the board says of a service that loses calls, from the events on.

use std::sync::Arc;

use crate::config::Config;
use crate::guard::board::ServiceStatus;
use crate::guard::service::{Service, Shared};
use crate::incident::ids::IdSource;
use crate::model::Model;
use crate::model::runtime::Runtime;
use crate::profile::Profile;
use crate::run::clock::{monotonic_ns, unix_s};
use crate::service::key::Key;
use crate::service::store::Store;
use crate::syscall::event::Event;
use crate::syscall::sample;

const SECOND: u64 = 1_000_000_000;

/// One `read` of a thread, the `seq`th of its calls.
fn read(seq: u64, time_ns: u64) -> Event {
    sample::stretch(sample::thread(1, 1), seq, time_ns, vec![sample::call(0)])
}

mod needs_onnxruntime {
    use super::*;

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_judged_service_is_blind_while_it_loses_calls_and_no_more_once_it_is_seen() {
        let runtime = Runtime::load(None).expect("ORT_DYLIB_PATH and ORT_DISABLE_TELEMETRY=1");
        let folder = tempfile::tempdir().expect("a folder");
        let shared = Shared {
            model: Model::embedded(&runtime).expect("the default model"),
            config: Arc::new(Config::default()),
            ids: IdSource::default(),
            store: Store::open(folder.path()).expect("made"),
        };
        let mut service = Service::new(Key::unit("web.service"), unix_s(), &shared);
        service.judge_by(Profile::default(), &shared);
        let shown = |it: &ServiceStatus| (it.word(), it.blind_since_s);
        assert_eq!(shown(&service.status()), ("new", None));

        // Every half second a call, and nine before it are lost: the first of those with a call
        // after them 3.5 s ago.
        let begun = monotonic_ns() - 4 * SECOND;
        let mut verdicts = Vec::new();
        for n in 0..=8 {
            service.push(&read(10 * n, begun + n * SECOND / 2), &shared);
        }
        service.score(unix_s(), &mut verdicts).expect("it scores");
        let blind = service.status();
        let since = blind.blind_since_s.expect("it is blind");
        assert!(
            since.abs_diff(unix_s() - 3) <= 1,
            "{since}, now {}",
            unix_s()
        );
        assert_eq!(
            (blind.word(), blind.blind_s, blind.lost),
            ("blind", 3.5, 72)
        );

        let later = begun + 9 * SECOND;
        service.advance(later, unix_s(), &mut verdicts);
        let seen = service.status();
        assert_eq!(shown(&seen), ("new", None));
        assert_eq!(seen.blind_s, 3.5, "what was is still told");
    }
}
