//! How a detector judges.

use std::sync::Arc;
use std::time::Duration;

use crate::incident::ids::IdSource;

/// How a detector judges.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What the slow score must exceed, nats a call, in the place of the manifest's threshold.
    pub slow_threshold: Option<f64>,
    /// The same for the fast score.
    pub fast_threshold: Option<f64>,
    /// Threads that are followed at once; beyond it the one idle longest is forgotten. With
    /// the default model one holds 1 KiB of state, up to 1 KiB of flight recorder, and buffers.
    pub max_threads: usize,
    /// Alarms of a run within any minute of event time; the others are counted as suppressed.
    /// `None` for no limit, which also holds for events without a time.
    pub alarms_per_minute: Option<usize>,
    /// How long, in event time, an alarm like one that was told is only counted: of the same
    /// process name, with nothing new to the service that was not told of, and with no score
    /// markedly worse. `None` to tell every alarm, which also holds for events without a time.
    pub again_after: Option<Duration>,
    /// Whether a run without a profile raises alarms by the general model.
    pub judge_by_model: bool,
    /// Whether a run without a profile reports the first time that the service makes a privileged
    /// call, however it is judged.
    pub provisional: bool,
    /// The service that is watched; empty where nobody named one.
    pub service: Arc<str>,
    /// Makes the ids of alarms.
    pub ids: IdSource,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slow_threshold: None,
            fast_threshold: None,
            max_threads: 32_768,
            alarms_per_minute: Some(10),
            again_after: Some(Duration::from_hours(1)),
            judge_by_model: true,
            provisional: false,
            service: "".into(),
            ids: IdSource::default(),
        }
    }
}
