//! What the probe did not see, and nobody knows of whom: what the kernel skipped, and what could
//! not be read.

use monitor_common::loss::Loss;

use super::{losses::Losses, misses::Misses};

/// Calls, forks, execs and exits that went unseen, as of the last look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Unseen {
    /// What the kernel skipped.
    pub misses: Misses,
    /// Calls that the probe could not make out.
    pub calls: u64,
    /// The same of forks, execs and exits.
    pub lifecycle: u64,
}

impl Unseen {
    /// Notes what is counted by now. Gives whether anything went unseen since the last look: every
    /// stream goes on with a gap then.
    pub(super) fn look(&mut self, misses: Misses, losses: &Losses) -> bool {
        let before = *self;
        *self = Self {
            misses,
            calls: losses.count(Loss::CallUnreadable),
            lifecycle: losses.count(Loss::LifecycleUnreadable),
        };
        if before.misses.is_none_of_calls() && !self.misses.is_none_of_calls() {
            log::warn!("the kernel skipped the probe: calls, forks or exits were missed");
        }
        if !before.has_unreadable() && self.has_unreadable() {
            log::warn!("kernel memory could not be read: calls, forks or exits were missed");
        }
        before.all() != self.all()
    }

    const fn has_unreadable(&self) -> bool {
        self.calls > 0 || self.lifecycle > 0
    }

    /// Everything but returns of calls, which leave no gap.
    const fn all(&self) -> [u64; 4] {
        let misses = self.misses;
        [misses.calls, misses.lifecycle, self.calls, self.lifecycle]
    }
}
