//! How much of what was seen the model has words for.

use std::collections::HashMap;

use crate::detect::counters::Coverage;
use crate::syscall::adfa::{Mapping, Rule};
use crate::syscall::event::{Abi, Call};

/// How many different calls without a counterpart are counted one by one. All tables together have
/// a few hundred; only made-up numbers go beyond, and those are counted in the sum alone.
const DISTINCT: usize = 2048;

/// How many of them are shown.
const SHOWN: usize = 10;

/// Counts calls by the rule that mapped them.
#[derive(Clone, Debug, Default)]
pub struct CoverageCounter {
    by_name: u64,
    by_meaning: u64,
    unmapped: u64,
    calls: HashMap<Call, u64>,
    io_uring_enter: u64,
    io_uring_submitted: u64,
}

impl CoverageCounter {
    /// Counts one call.
    pub fn count(&mut self, call: Call, mapping: &Mapping) {
        if is_io_uring_enter(call) {
            self.io_uring_enter += 1;
        }
        self.io_uring_submitted += u64::from(call.abi == Abi::IoUring);
        match mapping.rule {
            Rule::Name => self.by_name += 1,
            Rule::Meaning(_) => self.by_meaning += 1,
            Rule::None(_) => {
                self.unmapped += 1;
                if let Some(count) = self.calls.get_mut(&call) {
                    *count += 1;
                } else if self.calls.len() < DISTINCT {
                    self.calls.insert(call, 1);
                }
            }
        }
    }

    /// What was submitted to io_uring.
    #[must_use]
    pub const fn io_uring_submitted(&self) -> u64 {
        self.io_uring_submitted
    }

    /// Calls of `io_uring_enter`: what they submit never passes the tracepoint of calls.
    #[must_use]
    pub const fn io_uring_enter(&self) -> u64 {
        self.io_uring_enter
    }

    /// What was counted so far.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let mut commonest: Vec<_> = self.calls.iter().map(|(&call, &n)| (call, n)).collect();
        commonest.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        commonest.truncate(SHOWN);
        Coverage {
            by_name: self.by_name,
            by_meaning: self.by_meaning,
            unmapped: self.unmapped,
            commonest_unmapped: commonest,
        }
    }
}

/// `io_uring_enter` is 426 in every table: it came after the numbers of all of them were aligned
/// (Linux 5.1).
const fn is_io_uring_enter(call: Call) -> bool {
    const NUMBER: u32 = 426;
    match call.abi {
        Abi::X86_64 | Abi::I386 | Abi::X32 | Abi::Aarch64 | Abi::Arm => call.number == NUMBER,
        Abi::IoUring => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{CoverageCounter, DISTINCT};
    use crate::syscall::event::{Abi, Call};
    use crate::syscall::{adfa, table};

    fn count(counter: &mut CoverageCounter, abi: Abi, number: u32) {
        let call = Call { abi, number };
        counter.count(call, &adfa::map(call));
    }

    #[test]
    fn every_rule_is_counted_and_the_commonest_unmapped_come_first() {
        let mut counter = CoverageCounter::default();
        let number = |name| table::number(Abi::X86_64, name).expect("it is in the table");
        count(&mut counter, Abi::X86_64, number("read"));
        count(&mut counter, Abi::X86_64, number("openat"));
        count(&mut counter, Abi::X86_64, number("bpf"));
        for _ in 0..3 {
            count(&mut counter, Abi::X86_64, number("io_uring_enter"));
        }
        let coverage = counter.coverage();
        assert_eq!(
            (coverage.by_name, coverage.by_meaning, coverage.unmapped),
            (1, 1, 4)
        );
        assert_eq!(counter.io_uring_enter(), 3);
        let numbers: Vec<_> = coverage
            .commonest_unmapped
            .iter()
            .map(|&(call, count)| (call.number, count))
            .collect();
        assert_eq!(numbers, [(426, 3), (number("bpf"), 1)]);
    }

    #[test]
    fn io_uring_enter_has_one_number_in_every_table() {
        for abi in Abi::ALL.into_iter().filter(|&abi| abi != Abi::IoUring) {
            assert_eq!(table::number(abi, "io_uring_enter"), Some(426), "{abi:?}");
        }
    }

    #[test]
    fn made_up_numbers_cannot_fill_the_memory() {
        let mut counter = CoverageCounter::default();
        for number in 1_000_000..1_010_000 {
            count(&mut counter, Abi::X86_64, number);
        }
        assert_eq!(counter.coverage().unmapped, 10_000);
        assert_eq!(counter.calls.len(), DISTINCT);
    }
}
