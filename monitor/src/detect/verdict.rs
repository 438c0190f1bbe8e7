//! What the detector says: an alarm, or how a thread's life went.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::blind::Blind;
use crate::profile::first_seen::FirstSeen;
use crate::syscall::event::{Call, Comm, ThreadKey};
use crate::syscall::flight::Flight;
use crate::who::Who;

/// One statement of the detector.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A thread behaves unlike what the model knows.
    Alarm(Box<Alarm>),
    /// What the thread of an alarm did next.
    Aftermath(Aftermath),
    /// A thread's stream ended.
    ThreadEnd(ThreadEnd),
    /// Calls are lost so fast that the service is not seen any more, or it is seen again.
    Blind(Blind),
}

/// Which score crossed its threshold.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// The running mean with the long time constant.
    Slow,
    /// The running mean with the short time constant, for bursts.
    Fast,
    /// The sum of what was never learned in the sequences; only with a profile.
    Sequence,
    /// The evidence of what was never seen before; only with a profile.
    FirstSeen,
}

/// Whether every call of the stretch that a verdict rests on was seen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// No call is missing.
    Complete,
    /// Calls were lost inside the stretch: never an alarm by itself.
    Gapped,
}

/// Nats from which on a call says something: those of a call that was expected in one case of e or
/// more say nothing.
pub const TELLING_NATS: f32 = 1.0;

/// A call that surprised, and what the model expected in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct SurprisingCall {
    /// The call's place in its thread, counted from 0.
    pub seq: u64,
    /// The call.
    pub call: Call,
    /// Its index in the model's vocabulary.
    pub index: u16,
    /// `−ln p(call | the calls before it in this thread)`, in nats.
    pub surprise: f32,
    /// The likeliest calls and this one, each with its probability, likeliest first; empty where
    /// the model gives no distribution.
    pub expected: Vec<Expected>,
    /// The call before it in the flight, and how often the service made the two in a row before;
    /// `None` without a profile, and for the first call of a flight.
    pub pair: Option<(Call, u64)>,
}

/// A call that was expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The service's own call; `None` where only the general model was asked.
    pub call: Option<Call>,
    /// Its index in the model's vocabulary.
    pub index: u16,
    /// Its probability, between 0 and 1.
    pub probability: f32,
}

/// A thread behaves unlike what the model knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Tells this alarm from every other for ever: a ULID (see [`crate::incident::ids`]).
    pub id: String,
    /// The service that the thread belongs to; empty where nobody named one.
    pub service: Arc<str>,
    /// When the call that raised it was made (see [`crate::syscall::event::Event::time_ns`]).
    pub time_ns: u64,
    /// The thread.
    pub thread: ThreadKey,
    /// Its name then.
    pub comm: Comm,
    /// Which score crossed by the largest factor.
    pub pace: Pace,
    /// That score, computed from `flight` alone: replaying these calls gives it again to the bit.
    /// Nats a call; of [`Pace::Sequence`] and [`Pace::FirstSeen`], nats.
    pub score: f64,
    /// What the score had to exceed.
    pub threshold: f64,
    /// Every score that crossed, `pace` among them: score and threshold.
    pub reasons: Vec<(Pace, f64, f64)>,
    /// What the thread did that the service never did before, in the order in which it did it;
    /// empty without a profile.
    pub first_seen: Vec<FirstSeen>,
    /// Whether the stretch is whole.
    pub evidence: Evidence,
    /// The calls that surprised most, in the order in which they were made.
    pub surprising: Vec<SurprisingCall>,
    /// The calls it rests on.
    pub flight: Flight,
    /// How the process came to be: from the first process of it that was watched down to this one.
    pub lineage: Vec<Kin>,
    /// Who that is, as far as it could be read; `None` for what was recorded.
    pub who: Option<Arc<Who>>,
    /// Why it is not reported to a person; it is logged all the same.
    pub suppressed: Option<Suppressed>,
    /// It rests on nothing that was learned of the service.
    pub provisional: bool,
    /// The profile that judged, where that may be another one for every alarm of a run.
    pub judged_by: Option<JudgedBy>,
}

/// A profile as it was when it judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JudgedBy {
    /// SHA-256 of the file that holds it as it was then, lower-case hexadecimal.
    pub sha256: Arc<str>,
    /// Where the profile is that judges now. As it was before, it is kept beside that.
    pub path: Option<Arc<str>>,
}

/// Why an alarm is not reported to a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Suppressed {
    /// It says nothing that the reported alarm of this id had not said within `--again-after`.
    Alike(String),
    /// Enough alarms that weigh as much or more were reported within the minute.
    Rate,
}

/// A process of an alarm's lineage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Kin {
    /// Its thread group id.
    pub tgid: u32,
    /// Its name as last seen; empty when it made no call yet.
    pub comm: Comm,
    /// It got this name by executing a program while it was watched.
    pub executed: bool,
}

impl Expected {
    /// What the general model expected.
    #[must_use]
    pub const fn general((index, probability): (u16, f32)) -> Self {
        Self {
            call: None,
            index,
            probability,
        }
    }
}

/// What the thread of an alarm did next: told once [`Aftermath::CALLS`] calls were made, or when
/// the thread ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Aftermath {
    /// The alarm's id.
    pub alarm: String,
    /// The thread.
    pub thread: ThreadKey,
    /// The place in the thread of the first of the calls.
    pub first_seq: u64,
    /// The calls after the one that raised the alarm.
    pub calls: Vec<Call>,
    /// Whether the thread ended with them.
    pub ended: bool,
}

impl Aftermath {
    /// How many calls are kept.
    pub const CALLS: usize = 64;
}

/// How a thread's life went.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadEnd {
    /// When its last call was made, or it ended.
    pub time_ns: u64,
    /// The thread.
    pub thread: ThreadKey,
    /// Its last name.
    pub comm: Comm,
    /// Calls that the source counted in it.
    pub calls: u64,
    /// Calls that were scored.
    pub scored: u64,
    /// Calls that were lost before they reached the detector.
    pub lost: u64,
    /// Mean surprise of the scored calls, nats a call; `None` when none was scored.
    pub mean_surprise: Option<f64>,
    /// The highest slow score reached from the
    /// [`LEAST_CALLS`](crate::detect::threshold::LEAST_CALLS)th scored call of a stream on, nats a
    /// call; in a shorter one its last slow score. `None` when none was scored.
    pub highest_score: Option<f64>,
    /// Alarms raised for it.
    pub alarms: u32,
}
