//! What a call costs, in guest instructions: a figure that does not depend on the machine.
//!
//! The emulator's clock counts instructions (`-icount shift=0`), and the guest makes a thousand
//! `getppid` calls by it, alone and beside the monitor in each of its modes.

use std::collections::BTreeMap;

/// The guest's script, in the place of the checks.
pub const SCRIPT: &str = include_str!("guest/count.sh");
/// The program that counts.
pub const PROGRAM: &str = include_str!("guest/count.c");

/// What is counted without the monitor: what the guest calls it, and what the table does.
const ALONE: [(&str, &str); 4] = [
    ("alone", "alone"),
    (
        "empty",
        "an empty program on the raw tracepoint `sys_enter`",
    ),
    ("empty-both", "the same on `sys_enter` and `sys_exit`"),
    (
        "empty-perf",
        "an empty program on the perf tracepoint `sys_enter`",
    ),
];
const WAYS: [&str; 2] = ["raw", "perf"];
const DETAILS: [&str; 2] = ["off", "full"];
const WATCHED: [&str; 5] = ["pid", "cgroup", "uid", "comm", "all"];
/// By `--all` there is no other process.
const OTHERS: [&str; 4] = ["pid", "cgroup", "uid", "comm"];

/// All rows: what the guest calls them, and what the table does.
fn rows() -> Vec<(String, String)> {
    let alone = ALONE.map(|(name, words)| (name.to_owned(), words.to_owned()));
    let mut rows = alone.to_vec();
    for way in WAYS {
        for details in DETAILS {
            let of = |who: &str, words: &str, mode: &str| {
                let name = format!("{who}-{mode}-{way}-{details}");
                let words = format!("{way}, details {details}: {words}, `--{mode}`");
                (name, words)
            };
            rows.extend(WATCHED.map(|mode| of("watched", "watched", mode)));
            rows.extend(OTHERS.map(|mode| of("other", "not watched", mode)));
        }
    }
    rows
}

/// The counts of one kernel.
pub struct Counts {
    release: String,
    /// Instructions of a call, by row.
    calls: BTreeMap<String, f64>,
}

impl Counts {
    /// Reads what the guest counted: a name and a number on each line.
    pub fn read(release: &str, text: &str) -> Self {
        let line = |line: &str| {
            let (name, number) = line.split_once(' ')?;
            Some((name.to_owned(), number.parse().ok()?))
        };
        Self {
            release: release
                .split("-cloud")
                .next()
                .unwrap_or_default()
                .to_owned(),
            calls: text.lines().filter_map(line).collect(),
        }
    }

    /// Rows that the guest gave no number for.
    pub fn missing(&self) -> Vec<String> {
        let names = rows().into_iter().map(|(name, _)| name);
        names
            .filter(|name| !self.calls.contains_key(name))
            .collect()
    }

    // The overhead of the empty program is 1.
    fn cell(&self, name: &str) -> String {
        let at = |name: &str| self.calls.get(name).copied();
        let Some(calls) = at(name) else {
            return "–".to_owned();
        };
        match (at("alone"), at("empty")) {
            (Some(alone), Some(empty)) if name != "alone" && empty > alone => {
                format!("{calls:.0} ({:.2})", (calls - alone) / (empty - alone))
            }
            _ => format!("{calls:.0}"),
        }
    }
}

/// The table in Markdown.
pub fn markdown(kernels: &[Counts]) -> String {
    let names: Vec<_> = kernels.iter().map(|it| it.release.as_str()).collect();
    let mut text = format!(
        "| guest instructions for a getppid | {} |\n",
        names.join(" | ")
    );
    text.push_str(&format!("| --- |{}\n", " --: |".repeat(kernels.len())));
    for (name, words) in rows() {
        let cells: Vec<_> = kernels.iter().map(|it| it.cell(&name)).collect();
        text.push_str(&format!("| {words} | {} |\n", cells.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Counts, markdown};

    #[test]
    fn overheads_are_told_in_multiples_of_the_empty_program() {
        let counts = Counts::read(
            "6.12.1-cloud-amd64",
            "alone 323\nempty 459\nempty-both 544\nwatched-pid-raw-off cannot\n",
        );
        let text = markdown(&[counts]);
        assert!(text.contains("| alone | 323 |\n"), "{text}");
        assert!(
            text.contains("`sys_enter` and `sys_exit` | 544 (1.62) |\n"),
            "{text}"
        );
        let refused = "| raw, details off: watched, `--pid` | – |\n";
        assert!(text.contains(refused), "{text}");
    }

    #[test]
    fn what_the_guest_did_not_count_is_missing() {
        let counts = Counts::read("7.3.4", "alone 1\nempty 2\n");
        let missing = counts.missing();
        assert!(missing.iter().any(|it| it == "other-comm-perf-full"));
        assert!(missing.iter().all(|it| it != "alone"));
    }
}
