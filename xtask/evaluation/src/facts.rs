//! What an evaluation says of its data and over its seeds.

use std::collections::HashSet;

use super::json::{Data, Method, Part, Seeds, ViewFacts};
use super::parts::{Parts, View};

/// The size of the data and what repeats in it.
#[must_use]
pub fn data(parts: &Parts) -> Data {
    let training: Vec<&[u16]> = parts
        .training
        .traces()
        .iter()
        .map(|t| &t.calls[..])
        .collect();
    let validation: Vec<&[u16]> = parts.validation.calls().collect();
    let attacks: Vec<&[u16]> = parts.attacks.calls().collect();
    let known: HashSet<&[u16]> = training.iter().copied().collect();
    Data {
        sha256: parts.sha256(),
        runs: parts
            .attacks
            .runs()
            .iter()
            .max()
            .map_or(0, |&last| last as usize + 1),
        validation_in_training: validation
            .iter()
            .filter(|&trace| known.contains(trace))
            .count(),
        other_corpus: false,
        training: part(&training),
        validation: part(&validation),
        attacks: part(&attacks),
    }
}

fn part(traces: &[&[u16]]) -> Part {
    let distinct: HashSet<&[u16]> = traces.iter().copied().collect();
    Part {
        traces: traces.len(),
        repeats: traces.len() - distinct.len(),
        calls: traces.iter().map(|trace| trace.len() as u64).sum(),
    }
}

/// What stands in each view.
#[must_use]
pub fn views(views: &[View]) -> Vec<ViewFacts> {
    let facts = |view: &View| ViewFacts {
        id: view.id.to_owned(),
        what: view.what.clone(),
        normal: view.normal.len(),
        attacks: view.attacks.len(),
    };
    views.iter().map(facts).collect()
}

/// Mean and spread of the area over methods that differ by their seed alone; `None` below two.
#[must_use]
pub fn seeds(methods: &[Method]) -> Option<Seeds> {
    if methods.len() < 2 {
        return None;
    }
    let areas: Vec<f64> = methods.iter().map(|method| method.views[0].auc).collect();
    let count = areas.len() as f64;
    let mean = areas.iter().sum::<f64>() / count;
    let squares: f64 = areas.iter().map(|area| (area - mean).powi(2)).sum();
    Some(Seeds {
        methods: methods.iter().map(|method| method.id.clone()).collect(),
        mean,
        deviation: (squares / (count - 1.0)).sqrt(),
        lowest: areas.iter().copied().fold(f64::INFINITY, f64::min),
        highest: areas.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    })
}
