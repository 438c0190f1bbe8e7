//! From scores to the figures of `evaluation.json`.

use super::bootstrap::{Interval, Plan, Unit, replicate};
use super::json::{Detection, Difference, Family, Intervals, Method, OperatingPoint};
use super::parts::{Attacks, View};
use super::roc::{Curve, Ranking};
use super::scores::Scores;

/// The shares of false alarms at which detection rates are reported.
pub const FALSE_ALARMS: [f64; 6] = [0.01, 0.05, 0.10, 0.15, 0.20, 0.25];

/// How the bootstrap is run.
#[derive(Clone, Copy, Debug)]
pub struct Bootstrap {
    /// Replicates of each kind.
    pub replicates: usize,
    /// Seed.
    pub seed: u64,
}

/// Measures every detector on every view, and by kind of attack on the first view.
#[must_use]
pub fn methods(
    scores: &[Scores],
    views: &[View],
    attacks: &Attacks,
    bootstrap: Bootstrap,
) -> Vec<Method> {
    let runs = attacks.runs();
    let by_view: Vec<Vec<Detection>> = views
        .iter()
        .map(|view| detection(scores, view, &runs, bootstrap))
        .collect();
    scores
        .iter()
        .enumerate()
        .map(|(i, scores)| Method {
            id: scores.id.clone(),
            label: scores.label.clone(),
            score: scores.what.clone(),
            unscored: scores.unscored(),
            views: by_view
                .iter()
                .map(|detection| detection[i].clone())
                .collect(),
            families: families(scores, &views[0], attacks, &runs, bootstrap),
        })
        .collect()
}

/// The curve of one detector on a view.
#[must_use]
pub fn ranking(scores: &Scores, view: &View) -> Ranking {
    Ranking::new(
        &scores.normal_at(&view.normal),
        &scores.attacks_at(&view.attacks),
    )
}

/// One detector on one view: what it measured, and the same on every replicate.
struct Replicates {
    auc: Vec<f64>,
    rates: [Vec<f64>; FALSE_ALARMS.len()],
    at_90: Vec<f64>,
}

fn replicates(rankings: &[Ranking], plan: &Plan<'_>) -> Vec<Replicates> {
    let mut all: Vec<_> = rankings
        .iter()
        .map(|_| Replicates {
            auc: vec![],
            rates: Default::default(),
            at_90: vec![],
        })
        .collect();
    let rankings: Vec<&Ranking> = rankings.iter().collect();
    replicate(plan, &rankings, |curves| {
        for (replicates, curve) in all.iter_mut().zip(curves) {
            replicates.auc.push(curve.auc);
            replicates.at_90.push(curve.false_alarms_at(0.9));
            for (rates, at) in replicates.rates.iter_mut().zip(FALSE_ALARMS) {
                rates.push(curve.detection_at(at));
            }
        }
    });
    all
}

fn plan<'a>(view: &View, runs: &'a [u32], unit: Unit, bootstrap: Bootstrap) -> Plan<'a> {
    Plan {
        normal: view.normal.len(),
        runs,
        unit,
        replicates: bootstrap.replicates,
        seed: bootstrap.seed,
    }
}

fn detection(scores: &[Scores], view: &View, runs: &[u32], bootstrap: Bootstrap) -> Vec<Detection> {
    let rankings: Vec<Ranking> = scores.iter().map(|scores| ranking(scores, view)).collect();
    let runs: Vec<u32> = view.attacks.iter().map(|&i| runs[i]).collect();
    let by_trace = replicates(&rankings, &plan(view, &runs, Unit::Trace, bootstrap));
    let by_run = replicates(&rankings, &plan(view, &runs, Unit::Run, bootstrap));
    rankings
        .iter()
        .zip(by_trace.iter().zip(&by_run))
        .map(|(ranking, (by_trace, by_run))| {
            let curve = ranking.curve();
            Detection {
                view: view.id.to_owned(),
                auc: curve.auc,
                auc_intervals: Intervals {
                    by_trace: Interval::of(&by_trace.auc),
                    by_run: Interval::of(&by_run.auc),
                },
                detection: FALSE_ALARMS
                    .iter()
                    .zip(&by_run.rates)
                    .map(|(&false_alarms, rates)| OperatingPoint {
                        false_alarms,
                        rate: curve.detection_at(false_alarms),
                        interval: Interval::of(rates),
                    })
                    .collect(),
                false_alarms_at_90: curve.false_alarms_at(0.9),
                false_alarms_at_90_interval: Interval::of(&by_run.at_90),
            }
        })
        .collect()
}

fn families(
    scores: &Scores,
    view: &View,
    attacks: &Attacks,
    runs: &[u32],
    bootstrap: Bootstrap,
) -> Vec<Family> {
    let mut names: Vec<&str> = view
        .attacks
        .iter()
        .map(|&i| &attacks.0[i].family[..])
        .collect();
    names.sort_unstable();
    names.dedup();
    let threshold = threshold(&scores.normal_at(&view.normal), 0.10);
    names
        .into_iter()
        .map(|family| {
            let attacks: Vec<usize> = view
                .attacks
                .iter()
                .copied()
                .filter(|&i| attacks.0[i].family == family)
                .collect();
            let of_family = View {
                attacks,
                ..view.clone()
            };
            let ranking = ranking(scores, &of_family);
            let runs: Vec<u32> = of_family.attacks.iter().map(|&i| runs[i]).collect();
            let replicates = replicates(
                std::slice::from_ref(&ranking),
                &plan(view, &runs, Unit::Run, bootstrap),
            );
            let found: Vec<bool> = scores
                .attacks_at(&of_family.attacks)
                .iter()
                .map(|&s| s > threshold)
                .collect();
            let (all_runs, found_runs) = (distinct(&runs, |_| true), distinct(&runs, |i| found[i]));
            Family {
                family: family.to_owned(),
                runs: all_runs,
                traces: runs.len(),
                auc: ranking.curve().auc,
                auc_interval: Interval::of(&replicates[0].auc),
                rate_at_10: found.iter().filter(|&&found| found).count() as f64
                    / found.len() as f64,
                runs_at_10: found_runs as f64 / all_runs as f64,
            }
        })
        .collect()
}

/// How many different runs stand at the places that `keep` names.
fn distinct(runs: &[u32], keep: impl Fn(usize) -> bool) -> usize {
    let mut kept: Vec<u32> = runs
        .iter()
        .enumerate()
        .filter(|&(i, _)| keep(i))
        .map(|(_, &run)| run)
        .collect();
    kept.sort_unstable();
    kept.dedup();
    kept.len()
}

/// The lowest score such that at most `false_alarms` of the normal traces lie above it.
#[must_use]
pub fn threshold(normal: &[f64], false_alarms: f64) -> f64 {
    let mut sorted = normal.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted
        .get((false_alarms * normal.len() as f64) as usize)
        .copied()
        .unwrap_or(f64::NEG_INFINITY)
}

/// The area of the first detector less that of each other, on a view, paired draw by draw.
#[must_use]
pub fn differences(
    scores: &[Scores],
    view: &View,
    attacks: &Attacks,
    bootstrap: Bootstrap,
) -> Vec<Difference> {
    let Some((first, others)) = scores.split_first() else {
        return Vec::new();
    };
    let all_runs = attacks.runs();
    let runs: Vec<u32> = view.attacks.iter().map(|&i| all_runs[i]).collect();
    let rankings: Vec<Ranking> = scores.iter().map(|scores| ranking(scores, view)).collect();
    let drawn = |unit| replicates(&rankings, &plan(view, &runs, unit, bootstrap));
    let (by_trace, by_run) = (drawn(Unit::Trace), drawn(Unit::Run));
    let curves: Vec<Curve> = rankings.iter().map(Ranking::curve).collect();
    let interval = |drawn: &[Replicates], other: usize| {
        let differences: Vec<f64> = drawn[0]
            .auc
            .iter()
            .zip(&drawn[other].auc)
            .map(|(a, b)| a - b)
            .collect();
        Interval::of(&differences)
    };
    others
        .iter()
        .enumerate()
        .map(|(i, other)| {
            let intervals = Intervals {
                by_trace: interval(&by_trace, i + 1),
                by_run: interval(&by_run, i + 1),
            };
            Difference {
                method: first.id.clone(),
                less: other.id.clone(),
                auc: curves[0].auc - curves[i + 1].auc,
                inside: intervals.by(Unit::Run).holds(0.0),
                intervals,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
