//! How the kernel as a source stands: its counters, in words.

use monitor_common::loss::Loss;

use super::{losses::Losses, reassembly::Reassembly, unseen::Unseen};
use crate::run::snapshot::SourceStatus;

/// What the reader itself counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OfReader {
    /// Events of cgroups that found their channel full.
    pub cgroups_refused: u64,
    /// Records of the ring that are none of the probe's.
    pub malformed: u64,
}

/// How the source stands. Reasons that were counted nothing for are left out.
pub(super) fn status(
    losses: &Losses,
    unseen: &Unseen,
    reassembly: &Reassembly,
    of_reader: OfReader,
) -> SourceStatus {
    let named = |reason: Loss| (reason.name(), losses.count(reason));
    let lost = [
        (Loss::RingFull.name(), reassembly.lost),
        named(Loss::ThreadTableFull),
        named(Loss::LeftTableFull),
        (Loss::CallUnreadable.name(), unseen.calls),
        ("skipped by the kernel", unseen.misses.calls),
    ];
    let missed = [
        named(Loss::ProcessTableFull),
        named(Loss::LifecycleRingFull),
        (
            Loss::CgroupRingFull.name(),
            losses.count(Loss::CgroupRingFull) + of_reader.cgroups_refused,
        ),
        (Loss::LifecycleUnreadable.name(), unseen.lifecycle),
        (
            "forks, execs and exits not told: skipped by the kernel",
            unseen.misses.lifecycle,
        ),
        named(Loss::TouchRate),
        named(Loss::TouchRingFull),
        named(Loss::TouchUnreadable),
        named(Loss::TouchNoRoom),
        (
            "how calls went not told: skipped by the kernel",
            unseen.misses.outcomes,
        ),
        (
            "records of the ring that are none of the probe's",
            of_reader.malformed,
        ),
    ];
    let counted = |reasons: Vec<(&'static str, u64)>| -> Vec<_> {
        reasons.into_iter().filter(|it| it.1 > 0).collect()
    };
    SourceStatus {
        received: reassembly.received,
        lost: counted(lost.into()),
        missed: counted(missed.into()),
        threads: Some(reassembly.threads() as u64),
        processes: Some(reassembly.processes() as u64),
        attachment: None,
    }
}

#[cfg(test)]
mod tests;
