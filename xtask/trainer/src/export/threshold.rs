//! From where on a running score is an alarm: computed from held-out normal traces.

use monitor::detect::threshold::{LEAST_CALLS, highest_scores};
use monitor::model::manifest::Threshold;

/// Time constant of the slow score, calls.
pub const SLOW_CALLS: u32 = 100;
/// Time constant of the fast score, calls.
pub const FAST_CALLS: u32 = 10;
/// Which quantile of the traces' highest scores is taken.
pub const QUANTILE: f64 = 0.999;
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
    let mut threshold = constants();
    let highest = traces
        .iter()
        .filter_map(|trace| highest_scores(trace, &threshold));
    let (mut slow, mut fast): (Vec<f64>, Vec<f64>) = highest.unzip();
    threshold.slow = quantile(&mut slow, QUANTILE)?;
    threshold.fast = quantile(&mut fast, QUANTILE)?;
    threshold.source = format!(
        "highest score of each of {} held-out normal traces of the training part with \
         {LEAST_CALLS} scored calls or more",
        slow.len()
    );
    Some(threshold)
}

/// What is fixed before anything is measured.
fn constants() -> Threshold {
    Threshold {
        slow: f64::INFINITY,
        fast: f64::INFINITY,
        slow_calls: SLOW_CALLS,
        fast_calls: FAST_CALLS,
        quantile: QUANTILE,
        source: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{constants, highest_scores, quantile, thresholds};

    fn highest_score(surprises: &[f32], constant: u32) -> Option<f64> {
        let scores = highest_scores(surprises, &constants())?;
        Some(if constant == 100 { scores.0 } else { scores.1 })
    }

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
