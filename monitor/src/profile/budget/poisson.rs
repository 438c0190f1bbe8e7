//! What a count says of the rate behind it.

/// The exact 95% interval of the mean of a Poisson distribution of which `count` was seen (Garwood,
/// 1936): the means under which as many or more, and as many or fewer, have a probability of 2.5%.
#[must_use]
pub fn interval(count: u64) -> (f64, f64) {
    const TAIL: f64 = 0.025;
    let low = if count == 0 {
        0.0
    } else {
        solve(|mean| 1.0 - at_most(count - 1, mean) < TAIL, count)
    };
    (low, solve(|mean| at_most(count, mean) > TAIL, count))
}

/// Where `is_below` turns false, by halving.
fn solve(is_below: impl Fn(f64) -> bool, count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
    let count = count as f64;
    let (mut low, mut high) = (0.0, count + 10.0 + 10.0 * count.sqrt());
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The probability of `count` or fewer.
fn at_most(count: u64, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 1.0;
    }
    let mut logarithm = -mean;
    let mut sum = logarithm.exp();
    for k in 1..=count {
        #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
        let k = k as f64;
        logarithm += (mean / k).ln();
        sum += logarithm.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::interval;

    /// From the published table of exact Poisson limits (Garwood 1936; Ulm 1990): 0, 1, 5, 10 and
    /// 100 events.
    #[test]
    fn the_limits_are_the_published_ones() {
        for (count, low, high) in [
            (0, 0.0, 3.689),
            (1, 0.0253, 5.572),
            (5, 1.623, 11.668),
            (10, 4.795, 18.390),
            (100, 81.364, 121.627),
        ] {
            let found = interval(count);
            assert!((found.0 - low).abs() < 1e-3, "{count}: {found:?}");
            assert!((found.1 - high).abs() < 1e-3, "{count}: {found:?}");
        }
    }
}
