//! Medians and spreads.

use serde::Serialize;

/// How values of several rounds lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The first and third quartile.
    pub quartiles: [f64; 2],
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

impl Spread {
    /// Of these values; all NaN when there are none. Quantiles are values that were measured
    /// (nearest rank).
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
            sorted.get(place).copied().unwrap_or(f64::NAN)
        };
        Self {
            median: at(0.5),
            quartiles: [at(0.25), at(0.75)],
            lowest: at(0.0),
            highest: at(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_spread_is_in_order() {
        let spread = Spread::of(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(
            (spread.lowest, spread.median, spread.highest),
            (1.0, 3.0, 5.0)
        );
        assert_eq!(spread.quartiles, [2.0, 4.0]);
        assert!(Spread::of(&[]).median.is_nan());
    }
}
