//! A fair share of what all services have together: of the model, and of what is remembered.

use std::collections::HashMap;
use std::hash::Hash;

/// By which share of what each service asked all of them together get `share` of it, so that who
/// asks for less than the level gets all (max-min fairness).
pub(super) fn fair(asked: &[u64], share: f64) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
    let level = {
        let mut sorted: Vec<f64> = asked.iter().map(|&it| it as f64).collect();
        sorted.sort_by(f64::total_cmp);
        let mut left = sorted.iter().sum::<f64>() * share.clamp(0.0, 1.0);
        let mut level = f64::INFINITY;
        for (at, &one) in sorted.iter().enumerate() {
            let each = left / (sorted.len() - at) as f64;
            if one > each {
                level = each;
                break;
            }
            left -= one;
        }
        level
    };
    let of = |&one: &u64| {
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
        let one = one as f64;
        if one > level { level / one } else { 1.0 }
    };
    let mut shares: Vec<f64> = asked.iter().map(of).collect();
    if level.is_infinite() && share < 1.0 {
        // Nobody asked: who begins to gets no more than the rest would.
        shares.fill(share.max(0.0));
    }
    shares
}

/// Who has most of what is remembered, and is to forget it when that is too much.
pub(super) fn largest<T: Copy + Eq + Hash>(owners: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for owner in owners {
        *counts.entry(owner).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|&(_, count)| count);
    most.map(|(owner, _)| owner)
}

#[cfg(test)]
mod tests {
    use super::{fair, largest};

    #[test]
    fn who_has_most_is_found() {
        assert_eq!(largest([1, 2, 2, 3].into_iter()), Some(2));
        assert_eq!(largest([None::<u8>].into_iter()), Some(None));
        assert_eq!(largest(std::iter::empty::<u8>()), None);
    }

    #[test]
    fn who_asks_little_gets_all_and_who_floods_pays() {
        let shares = fair(&[1_000_000, 100, 50], 0.01);
        assert!(shares[0] < 0.011, "{shares:?}");
        assert_eq!(shares[1..], [1.0, 1.0]);
        let got: f64 = shares[0] * 1e6 + 150.0;
        assert!((got - 10_001.5).abs() < 1.0, "{got}");
    }

    #[test]
    fn equals_share_equally() {
        assert_eq!(fair(&[100, 100], 0.5), [0.5, 0.5]);
        assert_eq!(fair(&[100, 100], 1.0), [1.0, 1.0]);
        assert_eq!(fair(&[0, 0], 0.25), [0.25, 0.25]);
        assert_eq!(fair(&[], 0.5), Vec::<f64>::new());
    }
}
