//! The weight of the two models in the mixture.

/// Bounds of the mixture's weight: neither model is ever left out.
const WEIGHTS: (f64, f64) = (0.01, 0.999);

/// The weight of the first of two models by which pairs of their probabilities are likeliest, found
/// by expectation maximisation (Dempster, Laird & Rubin 1977), whose likelihood has one maximum
/// here; `None` without any.
pub fn weight(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let (low, high) = WEIGHTS;
    let mut weight = 0.5;
    for _ in 0..200 {
        let (mut sum, mut count) = (0.0, 0.0);
        for (first, second) in pairs.clone() {
            let both = weight * first + (1.0 - weight) * second;
            if both > 0.0 {
                sum += weight * first / both;
                count += 1.0;
            }
        }
        if count == 0.0 {
            return None;
        }
        let next: f64 = sum / count;
        let step = (next - weight).abs();
        weight = next.clamp(low, high);
        if step < 1e-6 {
            break;
        }
    }
    Some(weight)
}
