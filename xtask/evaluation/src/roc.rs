//! How well scores tell attacks from normal traces: ROC curve, its area, its operating points.

/// Traces of two classes in the order of their scores, highest first, ties kept together.
///
/// Built once and then read under many weightings: a bootstrap replicate is a weighting of the
/// same traces.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Indices: `0..normal` are normal traces, the rest attacks.
    order: Vec<u32>,
    /// Where each group of equal scores ends in `order`.
    ends: Vec<u32>,
    normal: usize,
}

/// One point of a ROC curve, as weights of traces above some threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Share of normal traces at or above the threshold.
    pub false_alarms: f64,
    /// Share of attack traces at or above the threshold.
    pub detection: f64,
}

/// A ROC curve: every threshold that the scores allow, from `(0, 0)` to `(1, 1)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Points with both shares rising.
    pub points: Vec<Point>,
    /// The area under it; ties count half.
    pub auc: f64,
}

impl Ranking {
    /// Ranks `normal` and `attack` scores; a higher score is more like an attack. A NaN ranks by
    /// `f64::total_cmp`.
    #[must_use]
    pub fn new(normal: &[f64], attack: &[f64]) -> Self {
        let score = |i: u32| {
            let i = i as usize;
            if i < normal.len() {
                normal[i]
            } else {
                attack[i - normal.len()]
            }
        };
        let total = u32::try_from(normal.len() + attack.len()).expect("a corpus has < 2^32 traces");
        let mut order: Vec<u32> = (0..total).collect();
        order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        let ends = (1..=total)
            .filter(|&end| {
                end == total || score(order[end as usize - 1]) != score(order[end as usize])
            })
            .collect();
        Self {
            order,
            ends,
            normal: normal.len(),
        }
    }

    /// The curve of the traces as they are.
    ///
    /// The area is NaN when one class is empty: there is nothing to tell apart.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.weighted(&vec![1; self.order.len()])
    }

    /// The curve when trace `i` stands `weights[i]` times (normal traces first, then attacks).
    ///
    /// The area is the Mann-Whitney statistic: the chance that an attack scores above a normal
    /// trace, a tie counting half (Hanley and McNeil 1982). It is summed in integers.
    ///
    /// # Panics
    ///
    /// When there are fewer weights than traces.
    #[must_use]
    pub fn weighted(&self, weights: &[u32]) -> Curve {
        let sum = |w: &[u32]| w.iter().map(|&w| u64::from(w)).sum::<u64>();
        let normal_total = sum(&weights[..self.normal]);
        let attack_total = sum(&weights[self.normal..self.order.len()]);
        let (mut normal, mut attack, mut twice_area) = (0u64, 0u64, 0u64);
        let share = |part: u64, whole: u64| part as f64 / whole as f64;
        let mut points = Vec::with_capacity(self.ends.len() + 1);
        points.push(Point {
            false_alarms: 0.0,
            detection: 0.0,
        });
        let mut start = 0;
        for &end in &self.ends {
            let (mut group_normal, mut group_attack) = (0u64, 0u64);
            for &i in &self.order[start..end as usize] {
                let weight = u64::from(weights[i as usize]);
                if (i as usize) < self.normal {
                    group_normal += weight;
                } else {
                    group_attack += weight;
                }
            }
            start = end as usize;
            if group_normal + group_attack == 0 {
                continue;
            }
            twice_area += group_normal * (2 * attack + group_attack);
            normal += group_normal;
            attack += group_attack;
            points.push(Point {
                false_alarms: share(normal, normal_total),
                detection: share(attack, attack_total),
            });
        }
        Curve {
            points,
            auc: share(twice_area, 2 * normal_total * attack_total),
        }
    }
}

impl Curve {
    /// The best detection rate of any threshold with at most this share of false alarms.
    ///
    /// Only thresholds that exist count: nothing is interpolated across a group of equal scores.
    #[must_use]
    pub fn detection_at(&self, false_alarms: f64) -> f64 {
        let allowed = self
            .points
            .partition_point(|p| p.false_alarms <= false_alarms + 1e-12);
        self.points[..allowed].last().map_or(0.0, |p| p.detection)
    }

    /// The lowest share of false alarms of any threshold that detects at least this share.
    #[must_use]
    pub fn false_alarms_at(&self, detection: f64) -> f64 {
        let missed = self
            .points
            .partition_point(|p| p.detection < detection - 1e-12);
        self.points.get(missed).map_or(1.0, |p| p.false_alarms)
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    /// Every pair compared: the definition.
    fn brute_force(normal: &[f64], attack: &[f64]) -> f64 {
        let mut wins = 0.0;
        for &a in attack {
            for &n in normal {
                wins += if a > n { 1.0 } else { f64::from(a == n) * 0.5 };
            }
        }
        wins / (normal.len() * attack.len()) as f64
    }

    fn drawn(random: &mut Random, count: usize, levels: u32) -> Vec<f64> {
        (0..count)
            .map(|_| random.below(levels) as f64 / 7.0)
            .collect()
    }

    #[test]
    fn the_area_is_that_of_all_pairs_with_few_and_with_many_ties() {
        let mut random = Random::new(3);
        for levels in [1, 2, 5, 40, 1_000_000] {
            let normal = drawn(&mut random, 83, levels);
            let attack = drawn(&mut random, 37, levels);
            let auc = Ranking::new(&normal, &attack).curve().auc;
            assert!(
                (auc - brute_force(&normal, &attack)).abs() < 1e-12,
                "{levels} levels"
            );
        }
    }

    #[test]
    fn weights_are_the_same_as_repeating_traces() {
        let mut random = Random::new(5);
        let normal = drawn(&mut random, 40, 9);
        let attack = drawn(&mut random, 20, 9);
        let weights: Vec<u32> = (0..60).map(|_| random.below(4)).collect();
        let repeat = |scores: &[f64], weights: &[u32]| -> Vec<f64> {
            scores
                .iter()
                .zip(weights)
                .flat_map(|(&s, &w)| std::iter::repeat_n(s, w as usize))
                .collect()
        };
        let repeated = Ranking::new(
            &repeat(&normal, &weights[..40]),
            &repeat(&attack, &weights[40..]),
        );
        assert_eq!(
            Ranking::new(&normal, &attack).weighted(&weights),
            repeated.curve()
        );
    }

    #[test]
    fn operating_points_are_thresholds_that_exist() {
        let normal = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
        let attack = [1.5, 0.95, 0.95, 0.15];
        let curve = Ranking::new(&normal, &attack).curve();
        assert_eq!(curve.detection_at(0.0), 0.25);
        assert_eq!(curve.detection_at(0.05), 0.25);
        assert_eq!(curve.detection_at(0.1), 0.75);
        assert_eq!(curve.false_alarms_at(0.75), 0.1);
        assert_eq!(curve.false_alarms_at(0.9), 0.9);
    }

    #[test]
    fn a_tie_of_everything_detects_nothing_without_alarming_on_everything() {
        let curve = Ranking::new(&[1.0; 5], &[1.0; 5]).curve();
        assert_eq!(curve.auc, 0.5);
        assert_eq!(curve.detection_at(0.99), 0.0);
        assert_eq!(curve.false_alarms_at(0.01), 1.0);
    }
}
