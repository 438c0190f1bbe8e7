//! Adam and RMSprop.

use serde::{Deserialize, Serialize};

/// Which rule turns gradients into steps.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Kingma and Ba 2015, β 0.9 and 0.999, ε 1e-8.
    Adam,
    /// As Keras 2 has it: ρ 0.9, no momentum, ε 1e-7 beside the root (Keras 3 has it inside, which
    /// slows the small gradients at the start: 2.99 nats after the first epoch instead of 2.7).
    RmsProp,
}

/// The rule's memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
    /// The rule.
    pub rule: Rule,
    /// Steps taken.
    pub steps: u64,
    /// Running mean of the gradient (Adam; empty otherwise).
    pub mean: Vec<f32>,
    /// Running mean of the squared gradient.
    pub square: Vec<f32>,
}

impl Optimizer {
    /// No step taken yet.
    #[must_use]
    pub fn new(rule: Rule, parameters: usize) -> Self {
        let mean = if rule == Rule::Adam {
            vec![0.0; parameters]
        } else {
            Vec::new()
        };
        Self {
            rule,
            steps: 0,
            mean,
            square: vec![0.0; parameters],
        }
    }

    /// One step down the gradient.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f64) {
        self.steps += 1;
        match self.rule {
            Rule::Adam => {
                let power = i32::try_from(self.steps).unwrap_or(i32::MAX);
                let correct_mean = 1.0 - 0.9f64.powi(power);
                let correct_square = 1.0 - 0.999f64.powi(power);
                let rate = (rate * correct_square.sqrt() / correct_mean) as f32;
                let epsilon = (1e-8 * correct_square.sqrt()) as f32;
                let memory = self.mean.iter_mut().zip(&mut self.square);
                for ((p, &g), (m, v)) in parameters.iter_mut().zip(gradient).zip(memory) {
                    *m = 0.9 * *m + 0.1 * g;
                    *v = 0.999 * *v + 0.001 * g * g;
                    *p -= rate * *m / (v.sqrt() + epsilon);
                }
            }
            Rule::RmsProp => {
                let rate = rate as f32;
                for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(&mut self.square) {
                    *v = 0.9 * *v + 0.1 * g * g;
                    *p -= rate * g / (v.sqrt() + 1e-7);
                }
            }
        }
    }
}

/// Scales a gradient down to this Euclidean length when it is longer (Pascanu et al. 2013).
pub fn clip(gradient: &mut [f32], length: f64) {
    let norm = gradient
        .iter()
        .map(|&g| f64::from(g) * f64::from(g))
        .sum::<f64>()
        .sqrt();
    if norm > length {
        let scale = (length / norm) as f32;
        gradient.iter_mut().for_each(|g| *g *= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::{Optimizer, Rule, clip};

    // By the papers' formulas, by hand: a first step of Adam is the rate itself whatever the
    // gradient; that of RMSprop is rate · g / √(0.1·g²).
    #[test]
    fn first_steps_have_their_known_length() {
        for (rule, expected) in [(Rule::Adam, 0.01), (Rule::RmsProp, 0.01 / 0.1f32.sqrt())] {
            let mut p = [1.0, 1.0];
            Optimizer::new(rule, 2).step(&mut p, &[0.5, -4.0], 0.01);
            assert!((1.0 - p[0] - expected).abs() < 1e-6, "{rule:?} {p:?}");
            assert!((p[1] - 1.0 - expected).abs() < 1e-6, "{rule:?} {p:?}");
        }
    }

    #[test]
    fn a_long_gradient_is_clipped_and_a_short_one_is_not() {
        let mut gradient = [3.0, 4.0];
        clip(&mut gradient, 10.0);
        assert_eq!(gradient, [3.0, 4.0]);
        clip(&mut gradient, 1.0);
        assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] - 0.8).abs() < 1e-6);
    }
}
