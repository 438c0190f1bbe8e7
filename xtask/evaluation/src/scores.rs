//! What one detector said of every trace.

/// The scores of one detector, with what it takes to report it.
#[derive(Clone, Debug)]
pub struct Scores {
    /// Names it in `evaluation.json`.
    pub id: String,
    /// Names it in text.
    pub label: String,
    /// What its score of a trace is.
    pub what: String,
    /// One score a validation trace; `None` when it was too short for one.
    pub normal: Vec<Option<f64>>,
    /// One score an attack trace.
    pub attacks: Vec<Option<f64>>,
}

impl Scores {
    /// The scores of the validation traces at `places`. A trace without a score stands below all
    /// others: what is not scored gives no alarm.
    #[must_use]
    pub fn normal_at(&self, places: &[usize]) -> Vec<f64> {
        at(&self.normal, places)
    }

    /// The same of attack traces.
    #[must_use]
    pub fn attacks_at(&self, places: &[usize]) -> Vec<f64> {
        at(&self.attacks, places)
    }

    /// Traces without a score.
    #[must_use]
    pub fn unscored(&self) -> usize {
        self.normal
            .iter()
            .chain(&self.attacks)
            .filter(|score| score.is_none())
            .count()
    }

    /// The mean of several detectors' scores, trace by trace; `None` where any of them has none.
    ///
    /// # Panics
    ///
    /// When they are not of the same traces, or there are none.
    #[must_use]
    pub fn mean(id: &str, label: &str, what: &str, members: &[&Scores]) -> Self {
        let mean = |part: &dyn Fn(&Scores) -> Vec<Option<f64>>| {
            let parts: Vec<_> = members.iter().map(|member| part(member)).collect();
            (0..parts[0].len())
                .map(|i| {
                    let sum = parts.iter().map(|scores| scores[i]).sum::<Option<f64>>();
                    sum.map(|sum| sum / parts.len() as f64)
                })
                .collect()
        };
        Self {
            id: id.to_owned(),
            label: label.to_owned(),
            what: what.to_owned(),
            normal: mean(&|scores| scores.normal.clone()),
            attacks: mean(&|scores| scores.attacks.clone()),
        }
    }
}

fn at(scores: &[Option<f64>], places: &[usize]) -> Vec<f64> {
    places
        .iter()
        .map(|&i| scores[i].unwrap_or(f64::NEG_INFINITY))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Scores;

    fn scores(normal: &[Option<f64>], attacks: &[Option<f64>]) -> Scores {
        Scores {
            id: String::new(),
            label: String::new(),
            what: String::new(),
            normal: normal.to_vec(),
            attacks: attacks.to_vec(),
        }
    }

    #[test]
    fn an_ensemble_is_the_mean_and_a_trace_without_a_score_ranks_lowest() {
        let a = scores(&[Some(1.0), None, Some(-4.0)], &[Some(3.0)]);
        let b = scores(&[Some(2.0), Some(5.0), Some(-4.0)], &[Some(4.0)]);
        let mean = Scores::mean("e", "E", "mean", &[&a, &b]);
        assert_eq!(mean.normal, [Some(1.5), None, Some(-4.0)]);
        assert_eq!(mean.attacks_at(&[0]), [3.5]);
        assert_eq!(mean.unscored(), 1);
        assert!(mean.normal_at(&[1])[0] < mean.normal_at(&[2])[0]);
    }
}
