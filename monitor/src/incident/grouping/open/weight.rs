//! Which processes an alarm is about, and how much it weighs beside others.

use crate::detect::severity::Severity;
use crate::detect::verdict::{Alarm, Pace};
use crate::profile::first_seen::FirstSeen;

/// The alarm's process, and those of its lineage below the service's root.
pub(super) fn processes(alarm: &Alarm) -> impl Iterator<Item = u32> {
    let lineage = alarm.lineage.iter().skip(1).map(|kin| kin.tgid);
    lineage.chain([alarm.thread.tgid])
}

/// How much an alarm weighs beside others: by severity, by the heaviest new thing, then by how far
/// a score went.
pub(super) fn weight(alarm: &Alarm) -> (Severity, bool, f64, f64) {
    let heaviest = alarm.first_seen.iter().min_by(|a, b| a.heaviest_first(b));
    let ratio =
        |&(_, score, threshold): &(Pace, f64, f64)| score / threshold.max(f64::MIN_POSITIVE);
    (
        Severity::of(alarm),
        heaviest.is_some_and(FirstSeen::is_privileged),
        heaviest.map_or(0.0, |first| first.nats),
        alarm.reasons.iter().map(ratio).fold(0.0, f64::max),
    )
}
