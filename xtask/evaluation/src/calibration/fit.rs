//! Priors from what was new in benign services.

use monitor::profile::class::Class;
use monitor::profile::prior::{Prior, Priors};

use super::service::News;

/// The shape of a class that services have alike is bounded: ten services do not show more.
const HIGHEST_SHAPE: f64 = 2.0;

/// Steps of the grid on which the likeliest is looked for, each way, and the factor between two.
const STEPS: i32 = 80;
const FACTOR: f64 = 1.1;

/// E-folds of the prior of what only some kinds of service do: what one shows itself takes over
/// soon.
const FEW_FOLDS: f64 = 0.5;

/// Whether recordings with details can show how often something of a class is new. What is
/// sensitive is by a list, which is assumed with its weight.
pub fn is_shown(class: Class) -> bool {
    class != Class::SensitiveTouch
}

/// The priors that these services show; of classes that recordings cannot show, those that the
/// monitor has.
pub fn priors(news: &[&News]) -> Priors {
    let mut priors = Priors::default();
    for (place, &class) in Class::ALL.iter().enumerate() {
        let shown = news.iter().filter(|it| it.touches || !class.is_touch());
        let counts: Vec<_> = shown.map(|it| (it.counts[place], it.folds())).collect();
        if counts.is_empty() || !is_shown(class) {
            continue;
        }
        let none = counts.iter().all(|it| it.0 == 0);
        let (shape, folds) = if none && class == Class::AddressTouch {
            even(&counts)
        } else {
            likeliest(&counts)
        };
        if let Some(prior) = priors.classes.get_mut(place) {
            *prior = Prior {
                shape,
                folds,
                ..*prior
            };
        }
    }
    priors
}

/// Shape and folds of the Gamma distribution by which counts in so many e-folds are likeliest, the
/// counts being negative binomial then. Of what came once or never it is half an event in all of
/// the e-folds (Jeffreys' prior of a rate that all have in common).
fn likeliest(counts: &[(u64, f64)]) -> (f64, f64) {
    let all: u64 = counts.iter().map(|it| it.0).sum();
    let folds: f64 = counts.iter().map(|it| it.1).sum();
    if all <= 1 {
        #[expect(clippy::cast_precision_loss, reason = "at most 1")]
        return (0.5, folds * 0.5 / (all as f64 + 0.5));
    }
    let value = |step: i32| FACTOR.powi(step);
    let mut best = (f64::NEG_INFINITY, 1.0, 1.0);
    for shape in (-STEPS..=STEPS)
        .map(value)
        .filter(|&it| it <= HIGHEST_SHAPE)
    {
        for folds in (-STEPS..=STEPS).map(value) {
            let terms = counts
                .iter()
                .map(|&(n, f)| log_likelihood(n, f, shape, folds));
            let likelihood: f64 = terms.sum();
            if likelihood > best.0 {
                best = (likelihood, shape, folds);
            }
        }
    }
    (best.1, best.2)
}

/// The same of what none of the services did and some others do all day: over [`FEW_FOLDS`], the
/// shape by which it is as likely as not that none of these did.
fn even(counts: &[(u64, f64)]) -> (f64, f64) {
    let grown = counts.iter().map(|it| (1.0 + it.1 / FEW_FOLDS).ln());
    let grown: f64 = grown.sum();
    (
        std::f64::consts::LN_2 / grown.max(f64::MIN_POSITIVE),
        FEW_FOLDS,
    )
}

/// `ln P(n)` of the negative binomial distribution, but for what depends on `n` alone.
fn log_likelihood(n: u64, f: f64, shape: f64, folds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let rising: f64 = (0..n).map(|k| (shape + k as f64).ln()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let n = n as f64;
    rising + shape * (folds / (folds + f)).ln() + n * (f / (folds + f)).ln()
}

#[cfg(test)]
mod tests {
    use super::{even, likeliest, log_likelihood};

    /// By hand: of shape 1 it is the geometric distribution, `p (1 − p)ⁿ` with `p = b / (b + f)`.
    #[test]
    fn of_shape_one_it_is_geometric() {
        let (f, b) = (2.0_f64, 3.0_f64);
        let p = b / (b + f);
        for n in 0..5_u64 {
            let expected = p.ln() + n as f64 * (1.0 - p).ln();
            // The factor n! is left out.
            let factorial: f64 = (1..=n).map(|k| (k as f64).ln()).sum();
            let found = log_likelihood(n, f, 1.0, b) - factorial;
            assert!((found - expected).abs() < 1e-12, "{n}");
        }
    }

    #[test]
    fn that_nobody_did_it_is_as_likely_as_not() {
        let counts = [(0, 4.0); 10];
        let (shape, folds) = even(&counts);
        let none = log_likelihood(0, 4.0, shape, folds) * 10.0;
        assert!((none.exp() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_mean_is_kept_and_a_spread_needs_a_small_shape() {
        let mean = |(shape, folds): (f64, f64)| shape / folds;
        let alike = likeliest(&[(4, 2.0); 10]);
        assert!((mean(alike) - 2.0).abs() < 0.2, "{alike:?}");
        let apart = likeliest(&[(0, 2.0), (0, 2.0), (0, 2.0), (0, 2.0), (20, 2.0)]);
        assert!(apart.0 < 0.3 && alike.0 > 1.5, "{apart:?} {alike:?}");
        assert!((mean(apart) - 2.0).abs() < 0.5, "{apart:?}");
    }

    #[test]
    fn what_never_came_is_half_an_event_in_all_that_time() {
        let (shape, folds) = likeliest(&[(0, 4.0); 10]);
        assert!((shape / folds - 0.5 / 40.0).abs() < 1e-12);
        let (shape, folds) = likeliest(&[(1, 4.0), (0, 36.0)]);
        assert!((shape / folds - 1.5 / 40.0).abs() < 1e-12);
    }
}
