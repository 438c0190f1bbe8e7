//! From where on a running score is an alarm: computed from held-out normal traces.

use monitor::detect::scorer::manifest::Threshold;

/// Time constant of the slow score, calls.
pub const SLOW_CALLS: u32 = 100;
/// Time constant of the fast score, calls.
pub const FAST_CALLS: u32 = 10;
/// Which quantile of the traces' highest scores is taken.
pub const QUANTILE: f64 = 0.999;
/// No score counts before so many calls of its trace.
const WARM_UP: usize = 32;

/// The highest running score in a trace from the 32nd scored call on: `m ← m + (s − m)/min(n, constant)`,
/// where `n` counts scored calls. `None` for a trace that is shorter.
#[must_use]
pub fn highest_score(surprises: &[f32], constant: u32) -> Option<f64> {
    let mut mean = 0.0;
    let mut highest = None;
    for (index, &surprise) in surprises.iter().enumerate() {
        let n = index + 1;
        mean += (f64::from(surprise) - mean) / (n.min(constant as usize) as f64);
        if n >= WARM_UP && highest.is_none_or(|highest| mean > highest) {
            highest = Some(mean);
        }
    }
    highest
}

/// The value below or at which a share `quantile` of `values` lies: the smallest such value.
#[must_use]
pub fn quantile(values: &mut [f64], quantile: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * quantile).ceil() as usize;
    values.get(rank.max(1) - 1).copied()
}

/// Thresholds from the surprises of held-out traces; `None` when every trace is too short.
#[must_use]
pub fn thresholds(traces: &[Vec<f32>]) -> Option<Threshold> {
    let highest = |constant| -> Vec<f64> {
        traces
            .iter()
            .filter_map(|trace| highest_score(trace, constant))
            .collect()
    };
    let mut slow = highest(SLOW_CALLS);
    Some(Threshold {
        slow: quantile(&mut slow, QUANTILE)?,
        fast: quantile(&mut highest(FAST_CALLS), QUANTILE)?,
        slow_calls: SLOW_CALLS,
        fast_calls: FAST_CALLS,
        quantile: QUANTILE,
        source: format!(
            "highest score of each of {} held-out normal traces of the training part with {WARM_UP} scored calls or more",
            slow.len()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::{highest_score, quantile, thresholds};

    #[test]
    fn a_score_starts_as_a_plain_mean_and_forgets_later() {
        let mut surprises = vec![1.0f32; 32];
        assert_eq!(highest_score(&surprises, 100), Some(1.0));
        surprises[0] = 33.0;
        assert!((highest_score(&surprises, 100).expect("long enough") - 2.0).abs() < 1e-9);
        surprises.extend([11.0; 1]);
        assert_eq!(highest_score(&surprises[..31], 100), None);
        let mut quiet = vec![0.0f32; 200];
        quiet.push(100.0);
        assert!((highest_score(&quiet, 10).expect("long enough") - 10.0).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_values_that_occur() {
        let mut values: Vec<f64> = (1..=1000).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut values, 0.999), Some(999.0));
        assert_eq!(quantile(&mut values[..80], 0.999), Some(80.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }

    #[test]
    fn traces_too_short_give_no_threshold() {
        assert!(thresholds(&[vec![1.0; 31]]).is_none());
    }
}
