//! Judging by a service's own profile.

mod needs_onnxruntime;

use super::{Settings, event, ordinary, senseless, stretch};
use crate::detect::detector::Detector;
use crate::detect::verdict::{Alarm, Verdict};
use crate::model::Model;
use crate::model::runtime::Runtime;
use crate::profile::sightings::Place;
use crate::profile::{Profile, Thresholds};
use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, Stretch};

/// A profile of `calls` ordinary calls, now and then with a `getpid` (20) among them.
pub(super) fn profile(calls: usize) -> Profile {
    let mut profile = Profile::default();
    let mut cursor = profile.ngram.middle();
    let mut numbers = ordinary(calls);
    for place in (97..numbers.len()).step_by(97) {
        numbers[place] = 20;
    }
    for number in numbers {
        let call = Call {
            abi: Abi::I386,
            number: u32::from(number),
        };
        let known = profile.vocabulary.calls().len();
        let token = profile.vocabulary.intern(call);
        let is_new = profile.vocabulary.calls().len() > known;
        profile
            .ngram
            .learn_next(&mut cursor, token)
            .expect("a token");
        let place = Place::default();
        profile
            .known
            .learn(Comm::new(b"test"), (call, token), is_new, 0.01, place);
    }
    profile
}

/// Thresholds that only the one in question can cross.
const NEVER: Thresholds = Thresholds::NEVER;

fn settings() -> Settings {
    Settings {
        alarms_per_minute: None,
        again_after: None,
        ..Settings::default()
    }
}

pub(super) fn profiled(profile: Profile, thresholds: Thresholds) -> Detector {
    let runtime = Runtime::load(None).expect("ORT_DYLIB_PATH and ORT_DISABLE_TELEMETRY=1");
    let model = Model::embedded(&runtime).expect("the default model");
    Detector::with_profile(model, profile, thresholds, settings())
}

/// The same calls under another name.
fn renamed(mut stretch: Event, name: &[u8]) -> Event {
    stretch.comm = Comm::new(name);
    stretch
}

fn alarms(verdicts: &[Verdict]) -> Vec<&Alarm> {
    fn alarm(verdict: &Verdict) -> Option<&Alarm> {
        match verdict {
            Verdict::Alarm(alarm) => Some(alarm),
            _ => None,
        }
    }
    verdicts.iter().filter_map(alarm).collect()
}
