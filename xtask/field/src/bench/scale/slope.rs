//! How fast a cost grows.

/// The exponent `a` of the power law `y = b x^a` that fits best: the slope of the least-squares
/// line through `(ln x, ln y)`.
///
/// 1 is growth in proportion, 0 is none. Points that have no logarithm are left out; `None` when
/// the rest do not lie at two places at least.
#[must_use]
pub fn of(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<_> = points
        .iter()
        .filter(|(x, y)| *x > 0.0 && *y > 0.0)
        .map(|(x, y)| (x.ln(), y.ln()))
        .collect();
    let count = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|it| it.0), mean(|it| it.1));
    let spread: f64 = logs.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    let together: f64 = logs.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    (logs.len() > 1 && spread > 0.0).then(|| together / spread)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_exponent_of_a_power_law_is_found() {
        for exponent in [-0.5, 0.0, 1.0, 2.0] {
            let law = |x: f64| (x, 3.0 * x.powf(exponent));
            let points: Vec<_> = [1.0, 10.0, 50.0, 1e4].map(law).to_vec();
            let found = of(&points).expect("a slope");
            assert!((found - exponent).abs() < 1e-9, "{found}");
        }
    }

    #[test]
    fn the_line_goes_between_points_that_lie_on_none() {
        // By hand, in powers of e: x 0, 1, 2 and y 0, 1, 0.5 give 0.5 / 2.
        let e = std::f64::consts::E;
        let found = of(&[(1.0, 1.0), (e, e), (e * e, e.sqrt())]).expect("a slope");
        assert!((found - 0.25).abs() < 1e-12, "{found}");
    }

    #[test]
    fn one_place_has_no_slope() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(1.0, 2.0), (2.0, 0.0)]), None);
        assert_eq!(of(&[(2.0, 2.0), (2.0, 3.0)]), None);
    }
}
