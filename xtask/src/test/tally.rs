//! Counting what ran, and reading libtest's own counts.

use std::collections::BTreeMap;
use std::fmt;

/// What ran, passed, failed and was skipped. A check (format, lint, …) counts as one.
#[derive(Default, Debug)]
pub struct Tally {
    passed: usize,
    failures: Vec<String>,
    /// Tests that failed beside the first of their binary.
    more_failed: usize,
    skipped: BTreeMap<String, usize>,
    tests_ran: usize,
}

/// The counts in one `test result:` line of libtest.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
}

impl Tally {
    /// A check passed.
    pub fn pass(&mut self) {
        self.passed += 1;
    }

    /// A check failed, or a program did before it could count.
    pub fn fail(&mut self, what: &str) {
        self.failures.push(what.to_owned());
    }

    /// So many tests or checks did not run, for this reason.
    pub fn skip(&mut self, count: usize, why: &str) {
        if count > 0 {
            *self.skipped.entry(why.to_owned()).or_default() += count;
        }
    }

    /// Takes over what a test program counted.
    pub fn add(&mut self, name: &str, counts: Counts) {
        self.passed += counts.passed;
        self.tests_ran += counts.passed + counts.failed;
        if counts.failed > 0 {
            self.failures
                .push(format!("{name}: {} of its tests", counts.failed));
            self.more_failed += counts.failed - 1;
        }
    }

    /// Whether tests ran and nothing failed.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.tests_ran > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(to, "failed: {failure}")?;
        }
        for (why, count) in &self.skipped {
            writeln!(to, "skipped {count}: {why}")?;
        }
        if self.tests_ran == 0 {
            writeln!(to, "no test ran")?;
        }
        write!(
            to,
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failures.len() + self.more_failed,
            self.skipped.values().sum::<usize>()
        )
    }
}

/// Reads libtest's count out of a test program's output, or `None` when it never came to it.
///
/// The last such line counts: a failed test's own output is shown before it.
pub fn counts(output: &str) -> Option<Counts> {
    output.lines().rev().find_map(line_counts)
}

/// The sum over all programs whose output this is: `cargo test --doc` runs one for each crate.
pub fn sum(output: &str) -> Option<Counts> {
    output
        .lines()
        .filter_map(line_counts)
        .reduce(|sum, counts| Counts {
            passed: sum.passed + counts.passed,
            failed: sum.failed + counts.failed,
        })
}

/// Passed, failed and skipped kernels, out of the last line of `cargo xtask kernels`.
pub fn kernels(output: &str) -> Option<(usize, usize, usize)> {
    let mut parts = output.lines().next_back()?.split(", ");
    let mut count = |word: &str| parts.next()?.strip_suffix(word)?.trim().parse().ok();
    Some((count("passed")?, count("failed")?, count("skipped")?))
}

fn line_counts(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?;
    let rest = rest
        .strip_prefix("ok. ")
        .or_else(|| rest.strip_prefix("FAILED. "))?;
    let count = |word: &str| {
        rest.split(';')
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
    };
    Some(Counts {
        passed: count("passed")?,
        failed: count("failed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // As libtest of Rust 1.95 prints them.
    const GOOD: &str = "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 1 filtered \
                        out; finished in 0.05s";
    const BAD: &str = "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered \
                       out; finished in 1.20s";

    #[test]
    fn reads_what_libtest_counted() {
        assert_eq!(
            counts(GOOD),
            Some(Counts {
                passed: 12,
                failed: 0
            })
        );
        assert_eq!(
            counts(&format!("running 6 tests\n{BAD}\n\n")),
            Some(Counts {
                passed: 4,
                failed: 2
            })
        );
        assert_eq!(counts("running 6 tests\ntest a ... ok"), None);
        assert_eq!(counts("test result: ok. many passed; 0 failed"), None);
    }

    #[test]
    fn believes_the_last_count_of_one_program_and_sums_those_of_several() {
        let both = format!("{GOOD}\n{BAD}\n");
        assert_eq!(
            counts(&both),
            Some(Counts {
                passed: 4,
                failed: 2
            })
        );
        assert_eq!(
            sum(&both),
            Some(Counts {
                passed: 16,
                failed: 2
            })
        );
        assert_eq!(sum(""), None);
    }

    #[test]
    fn kernels_are_counted_by_their_own_last_line() {
        let said = "| a table |\n\n2 passed, 1 failed, 0 skipped\n";
        assert_eq!(kernels(said), Some((2, 1, 0)));
        assert_eq!(kernels("error: no emulator\n"), None);
        assert_eq!(kernels(""), None);
    }

    #[test]
    fn ends_with_the_count_alone_on_a_line() {
        let mut tally = Tally::default();
        tally.pass();
        tally.add(
            "a",
            Counts {
                passed: 3,
                failed: 2,
            },
        );
        tally.skip(4, "needs ADFA-LD");
        tally.skip(0, "nothing of the kind");
        let said = tally.to_string();
        assert_eq!(said.lines().last(), Some("4 passed, 2 failed, 4 skipped"));
        assert!(said.contains("skipped 4: needs ADFA-LD"), "{said}");
        assert!(!said.contains("nothing of the kind"), "{said}");
    }

    #[test]
    fn is_not_good_without_a_test_or_with_a_failure() {
        let mut tally = Tally::default();
        tally.pass();
        assert!(!tally.is_good(), "only a check ran");
        tally.add(
            "a",
            Counts {
                passed: 1,
                failed: 0,
            },
        );
        assert!(tally.is_good());
        tally.skip(1, "no root");
        assert!(tally.is_good());
        tally.fail("format");
        assert!(!tally.is_good());
    }
}
