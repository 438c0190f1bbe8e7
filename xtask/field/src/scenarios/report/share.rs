//! A share of attacks, and what it says of attacks of that kind.

use serde::Serialize;

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// Those counted.
    pub count: usize,
    /// All of them.
    pub of: usize,
    /// The lower end of the exact 95% interval of the share (Clopper and Pearson 1934).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Share {
    /// So many of so many.
    #[must_use]
    pub fn new(count: usize, of: usize) -> Self {
        const TAIL: f64 = 0.025;
        let low = solve(|share| 1.0 - at_most(count as i64 - 1, of, share) < TAIL);
        let high = solve(|share| at_most(count as i64, of, share) > TAIL);
        Self {
            count,
            of,
            low: if count == 0 { 0.0 } else { low },
            high: if count == of { 1.0 } else { high },
        }
    }

    /// In words: the count, the share and its interval.
    #[must_use]
    pub fn words(&self) -> String {
        if self.of == 0 {
            return "–".to_owned();
        }
        format!(
            "{} of {}: {:.0}% ({:.0}% to {:.0}%)",
            self.count,
            self.of,
            100.0 * self.count as f64 / self.of as f64,
            100.0 * self.low,
            100.0 * self.high
        )
    }
}

/// Where `is_below` turns false between 0 and 1, by halving.
fn solve(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The probability of `count` or fewer successes in `of` trials.
fn at_most(count: i64, of: usize, share: f64) -> f64 {
    let mut logarithm = of as f64 * (1.0 - share).ln();
    let mut sum = 0.0;
    for k in 0..=count {
        sum += logarithm.exp();
        let k = k as f64;
        logarithm += ((of as f64 - k) / (k + 1.0) * share / (1.0 - share)).ln();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::Share;

    /// R 4.2: `binom.test(c, n)$conf.int`.
    #[test]
    fn the_limits_are_those_of_clopper_and_pearson() {
        for (count, of, low, high) in [
            (0, 10, 0.0, 0.308_497_1),
            (5, 10, 0.187_086_0, 0.812_914_0),
            (10, 10, 0.691_502_9, 1.0),
        ] {
            let share = Share::new(count, of);
            assert!((share.low - low).abs() < 1e-6, "{share:?}");
            assert!((share.high - high).abs() < 1e-6, "{share:?}");
        }
        assert_eq!(Share::new(9, 10).words(), "9 of 10: 90% (55% to 100%)");
        assert_eq!(Share::new(0, 0).words(), "–");
    }
}
