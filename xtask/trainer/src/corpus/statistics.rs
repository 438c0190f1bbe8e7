//! What is in a corpus, in numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::{Corpus, Skipped, Trace};

/// One part.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Part {
    /// Traces.
    pub traces: usize,
    /// Calls in all.
    pub calls: usize,
    /// How many different calls occur.
    pub distinct_calls: usize,
    /// The largest number that occurs.
    pub largest_number: u16,
    /// Calls of the longest trace.
    pub longest: usize,
    /// Calls of the shortest trace.
    pub shortest: usize,
    /// Traces that repeat an earlier one of this part.
    pub repeats: usize,
    /// How often the commonest trace occurs.
    pub commonest: usize,
    /// Traces that equal one of the training part.
    pub also_in_training: usize,
    /// Calls that the training part never shows, and in how many traces of this part each occurs.
    pub never_in_training: BTreeMap<u16, usize>,
    /// Traces with at least one such call.
    pub traces_with_such: usize,
}

/// A corpus.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Statistics {
    /// Its name.
    pub name: String,
    /// SHA-256 of the training part.
    pub training_sha256: String,
    /// Each part that has a trace, by name.
    pub parts: Vec<(&'static str, Part)>,
    /// Validation traces that equal an attack.
    pub validation_equal_to_attack: usize,
    /// What was left out.
    pub skipped: Skipped,
    /// What a user should know.
    pub notes: Vec<String>,
}

impl Statistics {
    /// Counts a corpus.
    #[must_use]
    pub fn of(corpus: &Corpus) -> Self {
        let training = corpus.training.traces();
        let known: HashSet<&[u16]> = training.iter().map(|trace| &trace.calls[..]).collect();
        let seen: BTreeSet<u16> = training
            .iter()
            .flat_map(|trace| trace.calls.iter().copied())
            .collect();
        let attacks: HashSet<&[u16]> = corpus
            .attacks
            .iter()
            .map(|trace| &trace.calls[..])
            .collect();
        let parts = [
            ("training", training),
            ("validation", &corpus.validation[..]),
            ("attack", &corpus.attacks[..]),
        ];
        let counted = parts.into_iter().filter(|(_, traces)| !traces.is_empty());
        Self {
            name: corpus.name.clone(),
            training_sha256: corpus.training.sha256().to_owned(),
            parts: counted
                .map(|(name, traces)| (name, part(traces, &known, &seen)))
                .collect(),
            validation_equal_to_attack: corpus
                .validation
                .iter()
                .filter(|trace| attacks.contains(&trace.calls[..]))
                .count(),
            skipped: corpus.skipped.clone(),
            notes: corpus.notes.clone(),
        }
    }
}

fn part(traces: &[Trace], known: &HashSet<&[u16]>, seen: &BTreeSet<u16>) -> Part {
    let mut times: HashMap<&[u16], usize> = HashMap::new();
    let mut distinct = BTreeSet::new();
    let mut never_in_training: BTreeMap<u16, usize> = BTreeMap::new();
    let mut traces_with_such = 0;
    for trace in traces {
        *times.entry(&trace.calls).or_default() += 1;
        let of_trace: BTreeSet<u16> = trace.calls.iter().copied().collect();
        let new: Vec<u16> = of_trace.difference(seen).copied().collect();
        traces_with_such += usize::from(!new.is_empty());
        for call in new {
            *never_in_training.entry(call).or_default() += 1;
        }
        distinct.extend(of_trace);
    }
    let lengths = || traces.iter().map(|trace| trace.calls.len());
    Part {
        traces: traces.len(),
        calls: lengths().sum(),
        distinct_calls: distinct.len(),
        largest_number: distinct.last().copied().unwrap_or(0),
        longest: lengths().max().unwrap_or(0),
        shortest: lengths().min().unwrap_or(0),
        repeats: traces.len() - times.len(),
        commonest: times.values().copied().max().unwrap_or(0),
        also_in_training: traces
            .iter()
            .filter(|trace| known.contains(&trace.calls[..]))
            .count(),
        never_in_training,
        traces_with_such,
    }
}
