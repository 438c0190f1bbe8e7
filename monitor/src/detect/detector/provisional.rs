//! What is reported before anything was learned: the first time that a service makes a call only a
//! privileged process has a use for.
//!
//! A service that was not learned may do anything, so that its beginning teaches: until
//! [`NEW_CALLS`] calls or [`NEW_NS`], what it does is taken for its own. How it starts again nobody
//! has seen then: that it gives up root's rights says nothing.
//!
//! This is of a run that judges by the general model. Where a service is learned and nothing
//! judges, the learner knows what is new (`judging/provisional.rs`).

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::profile::class::{gives_up_rights, is_privileged};
use crate::syscall::event::{Abi, Call};

/// Calls after which a service is not new any more.
const NEW_CALLS: u64 = 1000;

/// Time after which a service is not new any more, nanoseconds.
const NEW_NS: u64 = 60_000_000_000;

/// Tags of ABIs, rounded up.
const TAGS: usize = 8;

/// Numbers that a table holds, rounded up.
const NUMBERS: u32 = 1024;

/// For each number of each ABI: names are looked up once and not for every call.
static PRIVILEGED: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let numbers = |abi| (0..NUMBERS).map(move |number| Call { abi, number });
    let calls = Abi::ALL.into_iter().flat_map(numbers);
    let mut privileged = vec![false; NUMBERS as usize * TAGS];
    for call in calls.filter(|&call| is_privileged(call) && !gives_up_rights(call)) {
        privileged[place(call)] = true;
    }
    privileged
});

fn place(call: Call) -> usize {
    usize::from(call.abi.tag()) * NUMBERS as usize + call.number as usize
}

/// Privileged calls that a service made in this run.
#[derive(Clone, Debug, Default)]
pub(super) struct Provisional {
    made: HashSet<Call>,
    calls: u64,
    begun_ns: Option<u64>,
}

impl Provisional {
    /// Takes note of a stretch of calls whose last was made at a time.
    pub(super) fn pass(&mut self, calls: usize, time_ns: u64) {
        self.calls = self.calls.saturating_add(calls as u64);
        if time_ns > 0 {
            self.begun_ns.get_or_insert(time_ns);
        }
    }

    /// Takes note of a call; true when it is to be reported.
    pub(super) fn is_first(&mut self, call: Call, time_ns: u64) -> bool {
        if call.number >= NUMBERS || !PRIVILEGED[place(call)] || !self.made.insert(call) {
            return false;
        }
        let lived = time_ns.saturating_sub(self.begun_ns.unwrap_or(time_ns));
        self.calls >= NEW_CALLS || lived >= NEW_NS
    }
}

#[cfg(test)]
mod tests {
    use super::{NEW_CALLS, NEW_NS, Provisional};
    use crate::syscall::event::{Abi, Call};

    const fn call(number: u32) -> Call {
        Call {
            abi: Abi::X86_64,
            number,
        }
    }

    #[test]
    fn a_privileged_call_is_reported_once_and_not_while_the_service_is_new() {
        let mut provisional = Provisional::default();
        provisional.pass(10, 5);
        // 165 is mount, 175 init_module, 0 read.
        assert!(!provisional.is_first(call(165), 5));
        provisional.pass(NEW_CALLS as usize, 6);
        assert!(
            !provisional.is_first(call(165), 6),
            "it did so from the start"
        );
        assert!(!provisional.is_first(call(0), 6));
        assert!(provisional.is_first(call(175), 6));
        assert!(!provisional.is_first(call(175), 7));
        // 105 is setuid, 116 setgroups, 161 chroot.
        for number in [105, 116, 161] {
            assert!(!provisional.is_first(call(number), 8), "so a daemon starts");
        }
        let mut slow = Provisional::default();
        slow.pass(10, 5);
        assert!(slow.is_first(call(165), 5 + NEW_NS));
    }
}
