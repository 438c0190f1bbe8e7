//! Inverted dropout (Srivastava et al. 2014): what is kept is scaled up, so that scoring needs no
//! change.

use rand::RngCore;

use super::random::Generator;
use super::real::Real;

/// Sets elements to zero with probability `rate` and divides the others by `1 − rate`, in place.
/// Returns the factor of each element for the way back.
pub fn forward<T: Real>(rate: f64, x: &mut [T], generator: &mut Generator) -> Vec<T> {
    let limit = (rate * f64::from(u32::MAX)) as u32;
    let kept = T::from_f64(1.0 / (1.0 - rate));
    let factors: Vec<T> = x
        .iter()
        .map(|_| {
            if generator.next_u32() < limit {
                T::ZERO
            } else {
                kept
            }
        })
        .collect();
    backward(&factors, x);
    factors
}

/// Multiplies `d` by the factors of the way forward.
pub fn backward<T: Real>(factors: &[T], d: &mut [T]) {
    d.iter_mut().zip(factors).for_each(|(a, b)| *a *= *b);
}

#[cfg(test)]
mod tests {
    use super::forward;
    use crate::train::random::{Use, generator};

    #[test]
    fn the_share_dropped_is_the_rate_and_the_mean_stays() {
        let mut x = vec![1.0f64; 100_000];
        forward(0.3, &mut x, &mut generator(7, Use::Dropout, [0, 0]));
        let dropped = x.iter().filter(|&&a| a == 0.0).count() as f64 / 1e5;
        let mean = x.iter().sum::<f64>() / 1e5;
        assert!((dropped - 0.3).abs() < 0.01, "dropped {dropped}");
        assert!((mean - 1.0).abs() < 0.01, "mean {mean}");
    }
}
