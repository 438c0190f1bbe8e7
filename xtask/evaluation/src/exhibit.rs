//! Single traces worth looking at: the best found, the missed, the false alarm, the ordinary.

use super::parts::{Attacks, Validation};
use super::per_call::PerCall;
use super::scores::Scores;
use trainer::corpus::Trace;

/// A trace, and how much each call surprised the model.
#[derive(Clone, Debug)]
pub struct Exhibit {
    /// Why it is shown.
    pub why: &'static str,
    /// The file.
    pub name: String,
    /// Its score, nats a call.
    pub score: f64,
    /// The calls that were scored, as ADFA-LD indices.
    pub calls: Vec<u16>,
    /// Their surprise, nats.
    pub surprise: Vec<f32>,
}

/// Calls that follow each other and are alike: the same call, about as surprising.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The place of the first.
    pub first: usize,
    /// How many.
    pub calls: usize,
    /// The least surprise of them, nats.
    pub least: f32,
    /// The most.
    pub most: f32,
}

/// Gathers calls that follow each other and are the same, their surprises within one nat.
#[must_use]
pub fn runs(calls: &[u16], surprise: &[f32]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (place, (&call, &nats)) in calls.iter().zip(surprise).enumerate() {
        if let Some(run) = runs.last_mut()
            && calls[run.first] == call
            && run.most.max(nats) - run.least.min(nats) <= 1.0
        {
            run.calls += 1;
            run.least = run.least.min(nats);
            run.most = run.most.max(nats);
        } else {
            runs.push(Run {
                first: place,
                calls: 1,
                least: nats,
                most: nats,
            });
        }
    }
    runs
}

/// The attacks with the highest, the middle and the lowest score, and the same of normal traces.
#[must_use]
pub fn choose(
    scores: &Scores,
    per_call: &PerCall,
    validation: &Validation,
    attacks: &Attacks,
) -> Vec<Exhibit> {
    let normal_trace = |i: usize| (&validation.0[i], &per_call.normal[i]);
    let attack_trace = |i: usize| (&attacks.0[i].trace, &per_call.attacks[i]);
    let mut exhibits = Vec::new();
    let mut add = |why, score: Option<(usize, f64)>, of: &dyn Fn(usize) -> (_, _)| {
        if let Some((place, score)) = score {
            exhibits.push(exhibit(why, score, of(place)));
        }
    };
    add(
        "The attack found best",
        extreme(&scores.attacks, 1.0),
        &attack_trace,
    );
    add(
        "The attack missed worst",
        extreme(&scores.attacks, -1.0),
        &attack_trace,
    );
    add(
        "An attack in the middle",
        middle(&scores.attacks),
        &attack_trace,
    );
    add(
        "The worst false alarm",
        extreme(&scores.normal, 1.0),
        &normal_trace,
    );
    add(
        "A normal trace in the middle",
        middle(&scores.normal),
        &normal_trace,
    );
    add(
        "The most ordinary normal trace",
        extreme(&scores.normal, -1.0),
        &normal_trace,
    );
    exhibits
}

fn exhibit(why: &'static str, score: f64, (trace, surprise): (&Trace, &Vec<f32>)) -> Exhibit {
    Exhibit {
        why,
        name: trace.name.clone(),
        score,
        calls: trace.calls[trace.calls.len() - surprise.len()..].to_vec(),
        surprise: surprise.clone(),
    }
}

/// The first place of the highest score times `sign`.
fn extreme(scores: &[Option<f64>], sign: f64) -> Option<(usize, f64)> {
    let scored = scores
        .iter()
        .enumerate()
        .filter_map(|(i, score)| score.map(|s| (i, s)));
    scored
        .rev()
        .max_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)))
}

/// The place of the median score, the higher one of two.
fn middle(scores: &[Option<f64>]) -> Option<(usize, f64)> {
    let scored = scores
        .iter()
        .enumerate()
        .filter_map(|(i, score)| score.map(|s| (i, s)));
    let mut scored: Vec<_> = scored.collect();
    scored.sort_by(|a, b| a.1.total_cmp(&b.1));
    scored.get(scored.len() / 2).copied()
}

/// The places of the calls that surprised most, at least `apart` calls from each other, in order.
#[must_use]
pub fn peaks(surprise: &[f32], most: usize, apart: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..surprise.len()).collect();
    order.sort_by(|&a, &b| surprise[b].total_cmp(&surprise[a]).then(a.cmp(&b)));
    let mut peaks: Vec<usize> = Vec::new();
    for place in order {
        if peaks.len() == most {
            break;
        }
        if peaks.iter().all(|&peak| peak.abs_diff(place) >= apart) {
            peaks.push(place);
        }
    }
    peaks.sort_unstable();
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_are_found_and_traces_without_a_score_are_not() {
        let scores = [None, Some(2.0), Some(7.0), Some(7.0), Some(-1.0)];
        assert_eq!(extreme(&scores, 1.0), Some((2, 7.0)));
        assert_eq!(extreme(&scores, -1.0), Some((4, -1.0)));
        assert_eq!(extreme(&[None], 1.0), None);
        assert_eq!(middle(&scores), Some((2, 7.0)));
        assert_eq!(middle(&[None]), None);
    }

    #[test]
    fn calls_alike_are_gathered_and_a_surprise_among_them_stands_alone() {
        let runs = runs(&[5, 5, 5, 5, 3], &[6.0, 0.5, 0.25, 1.25, 1.0]);
        let places: Vec<_> = runs.iter().map(|run| (run.first, run.calls)).collect();
        assert_eq!(places, [(0, 1), (1, 3), (4, 1)]);
        assert_eq!((runs[1].least, runs[1].most), (0.25, 1.25));
    }

    #[test]
    fn peaks_keep_their_distance() {
        assert_eq!(peaks(&[1.0, 9.0, 8.0, 0.0, 5.0, 6.0], 3, 2), [1, 3, 5]);
        assert_eq!(peaks(&[], 3, 2), [0usize; 0]);
    }
}
