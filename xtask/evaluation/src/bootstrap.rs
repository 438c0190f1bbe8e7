//! How far the figures could have come out otherwise: bootstrap intervals.

use serde::{Deserialize, Serialize};

use super::random::Random;
use super::roc::{Curve, Ranking};

/// What is drawn anew, with replacement, on the side of the attacks. Normal traces are always
/// drawn one by one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Single attack traces, as if they were independent of each other.
    Trace,
    /// Whole attack runs (one folder of ADFA-LD): the traces of one run are the processes of one
    /// attack and resemble each other, so this is the honest one (a cluster bootstrap).
    Run,
}

/// A 95% percentile interval.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Interval {
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

impl Interval {
    /// The interval that holds the middle 95% of `values`; NaN at both ends when there are none.
    /// Values that are NaN are left out: a replicate without an attack has no curve.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |q: f64| {
            let Some(last) = sorted.len().checked_sub(1) else {
                return f64::NAN;
            };
            let place = q * last as f64;
            let (below, above) = (
                sorted[place.floor() as usize],
                sorted[place.ceil() as usize],
            );
            below + (above - below) * place.fract()
        };
        Self {
            low: quantile(0.025),
            high: quantile(0.975),
        }
    }

    /// Whether `value` lies in it.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// How the traces are drawn.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The number of normal traces.
    pub normal: usize,
    /// The run that each attack trace belongs to; any numbers, equal for the same run.
    pub runs: &'a [u32],
    /// What is drawn.
    pub unit: Unit,
    /// How many replicates.
    pub replicates: usize,
    /// The same seed draws the same replicates.
    pub seed: u64,
}

/// Calls `each` with the curves of all `rankings` (of the same traces, by different methods) on
/// every replicate. All methods see the same draw, so that their differences are paired.
///
/// # Panics
///
/// When a ranking is not of `normal + runs.len()` traces.
pub fn replicate(plan: &Plan<'_>, rankings: &[&Ranking], mut each: impl FnMut(&[Curve])) {
    let mut random = Random::new(plan.seed);
    let mut named = plan.runs.to_vec();
    named.sort_unstable();
    named.dedup();
    let place = |run: u32| named.partition_point(|&r| r < run);
    let clusters: Vec<usize> = match plan.unit {
        Unit::Trace => (0..plan.runs.len()).collect(),
        Unit::Run => plan.runs.iter().map(|&run| place(run)).collect(),
    };
    let cluster_count = clusters.iter().max().map_or(0, |&last| last + 1);
    let mut weights = vec![0u32; plan.normal + plan.runs.len()];
    let mut drawn = vec![0u32; cluster_count];
    for _ in 0..plan.replicates {
        weights.fill(0);
        drawn.fill(0);
        for _ in 0..plan.normal {
            weights[random.below(plan.normal as u32) as usize] += 1;
        }
        for _ in 0..cluster_count {
            drawn[random.below(cluster_count as u32) as usize] += 1;
        }
        for (weight, &cluster) in weights[plan.normal..].iter_mut().zip(&clusters) {
            *weight = drawn[cluster];
        }
        let curves: Vec<Curve> = rankings.iter().map(|r| r.weighted(&weights)).collect();
        each(&curves);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(random: &mut Random, count: usize, shift: f64) -> Vec<f64> {
        (0..count)
            .map(|_| f64::from(random.below(1000)) / 1000.0 + shift)
            .collect()
    }

    fn aucs(plan: &Plan<'_>, ranking: &Ranking) -> Vec<f64> {
        let mut aucs = Vec::new();
        replicate(plan, &[ranking], |curves| aucs.push(curves[0].auc));
        aucs
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_draws_otherwise() {
        let mut random = Random::new(1);
        let ranking = Ranking::new(&scores(&mut random, 50, 0.0), &scores(&mut random, 20, 0.3));
        let runs: Vec<u32> = (0..20).map(|i| i / 4).collect();
        let plan = Plan {
            normal: 50,
            runs: &runs,
            unit: Unit::Run,
            replicates: 50,
            seed: 9,
        };
        let again = aucs(&plan, &ranking);
        assert_eq!(aucs(&plan, &ranking), again);
        assert_ne!(aucs(&Plan { seed: 10, ..plan }, &ranking), again);
    }

    #[test]
    fn the_spread_of_the_area_is_that_of_hanley_and_mcneil() {
        // Hanley and McNeil 1982, for exponential scores; uniform ones shifted differ by little.
        let mut random = Random::new(2);
        let (n, a) = (400, 200);
        let exponential = |random: &mut Random, rate: f64| {
            -(f64::from(random.below(1 << 30) + 1) / f64::from(1u32 << 30)).ln() / rate
        };
        let normal: Vec<f64> = (0..n).map(|_| exponential(&mut random, 1.0)).collect();
        let attack: Vec<f64> = (0..a).map(|_| exponential(&mut random, 0.4)).collect();
        let ranking = Ranking::new(&normal, &attack);
        let runs: Vec<u32> = (0..a as u32).collect();
        let plan = Plan {
            normal: n,
            runs: &runs,
            unit: Unit::Trace,
            replicates: 1000,
            seed: 4,
        };
        let interval = Interval::of(&aucs(&plan, &ranking));
        let t = ranking.curve().auc;
        let (q1, q2) = (t / (2.0 - t), 2.0 * t * t / (1.0 + t));
        let variance =
            (t * (1.0 - t) + (a as f64 - 1.0) * (q1 - t * t) + (n as f64 - 1.0) * (q2 - t * t))
                / (a as f64 * n as f64);
        let width = 2.0 * 1.96 * variance.sqrt();
        let ratio = (interval.high - interval.low) / width;
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
        assert!(interval.holds(t));
    }

    #[test]
    fn runs_of_equal_traces_widen_the_interval() {
        let mut random = Random::new(6);
        let normal = scores(&mut random, 300, 0.0);
        let per_run = scores(&mut random, 10, 0.2);
        let attack: Vec<f64> = per_run.iter().flat_map(|&s| [s; 12]).collect();
        let runs: Vec<u32> = (0..120).map(|i| 7 * (i / 12)).collect();
        let ranking = Ranking::new(&normal, &attack);
        let width = |unit| {
            let plan = Plan {
                normal: 300,
                runs: &runs,
                unit,
                replicates: 400,
                seed: 4,
            };
            let interval = Interval::of(&aucs(&plan, &ranking));
            interval.high - interval.low
        };
        assert!(width(Unit::Run) > 2.0 * width(Unit::Trace));
    }

    #[test]
    fn the_interval_is_between_percentiles() {
        let values: Vec<f64> = (0..=1000).rev().map(f64::from).collect();
        assert_eq!(
            Interval::of(&values),
            Interval {
                low: 25.0,
                high: 975.0
            }
        );
        assert!(Interval::of(&[]).low.is_nan());
    }
}
