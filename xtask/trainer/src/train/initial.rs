//! First values of parameters, as Keras draws them.

use super::random::{Generator, normal, uniform};

/// Glorot and Bengio's uniform distribution: ±√(6 / (inputs + outputs)).
pub fn glorot(inputs: usize, outputs: usize, values: &mut [f32], generator: &mut Generator) {
    let limit = (6.0 / (inputs + outputs) as f64).sqrt();
    for value in values {
        *value = ((2.0 * uniform(generator) - 1.0) * limit) as f32;
    }
}

/// Normal with the given standard deviation.
pub fn gaussian(deviation: f64, values: &mut [f32], generator: &mut Generator) {
    for value in values {
        *value = (normal(generator) * deviation) as f32;
    }
}

/// A random `rows` x `columns` matrix with orthonormal rows (`rows` ≤ `columns`), by Gram and
/// Schmidt twice over, which is orthogonal to rounding.
pub fn orthogonal(rows: usize, columns: usize, values: &mut [f32], generator: &mut Generator) {
    assert!(
        rows <= columns && values.len() == rows * columns,
        "more columns than rows"
    );
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(rows);
    for _ in 0..rows {
        let mut row: Vec<f64> = (0..columns).map(|_| normal(generator)).collect();
        for _ in 0..2 {
            for other in &basis {
                let along: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        row.iter_mut().for_each(|a| *a /= length);
        basis.push(row);
    }
    for (value, exact) in values.iter_mut().zip(basis.iter().flatten()) {
        *value = *exact as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::orthogonal;
    use crate::train::random::{Use, generator};

    #[test]
    fn orthogonal_rows_are_orthonormal() {
        let mut values = vec![0.0; 20 * 80];
        orthogonal(20, 80, &mut values, &mut generator(1, Use::Initial, [0, 0]));
        for a in 0..20 {
            for b in 0..20 {
                let product: f32 = (0..80)
                    .map(|k| values[a * 80 + k] * values[b * 80 + k])
                    .sum();
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!(
                    (product - expected).abs() < 1e-5,
                    "rows {a} and {b}: {product}"
                );
            }
        }
    }
}
