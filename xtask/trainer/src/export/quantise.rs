//! Weights as 8-bit integers, with one scale for each column.

/// The integer that stands for 0. Unsigned, since products of an unsigned activation with a signed
/// weight saturate on x86-64 CPUs without VNNI, and scores would depend on the CPU.
pub const ZERO: u8 = 128;

/// A matrix as integers: `value ≈ (integer − 128) · scale of its column`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// Integers, row after row.
    pub values: Vec<u8>,
    /// One scale a column.
    pub scales: Vec<f32>,
}

/// Rounds a matrix with so many columns to integers from 1 to 255, symmetric around 128.
#[must_use]
pub fn quantise(values: &[f32], columns: usize) -> Quantised {
    let mut scales = vec![0.0f32; columns];
    for row in values.chunks_exact(columns) {
        scales
            .iter_mut()
            .zip(row)
            .for_each(|(scale, value)| *scale = scale.max(value.abs() / 127.0));
    }
    // A column of zeros: any scale gives zeros back.
    scales
        .iter_mut()
        .filter(|scale| **scale == 0.0)
        .for_each(|scale| *scale = 1.0);
    let rounded = |row: &[f32]| -> Vec<u8> {
        let cells = row.iter().zip(&scales);
        cells
            .map(|(value, scale)| ((value / scale).round() + f32::from(ZERO)) as u8)
            .collect()
    };
    let values = values.chunks_exact(columns).flat_map(rounded).collect();
    Quantised { values, scales }
}

#[cfg(test)]
mod tests {
    use super::{ZERO, quantise};

    #[test]
    fn a_column_is_off_by_half_its_step_at_most() {
        let values: Vec<f32> = (0..300)
            .map(|n| ((n * 7919) % 601) as f32 / 100.0 - 3.0)
            .collect();
        let quantised = quantise(&values, 3);
        for (index, value) in values.iter().enumerate() {
            let scale = quantised.scales[index % 3];
            let back = (f32::from(quantised.values[index]) - f32::from(ZERO)) * scale;
            assert!(
                (back - value).abs() <= scale * 0.5001,
                "{value} became {back}"
            );
        }
        assert_eq!(
            quantise(&[0.0, 1.0, 0.0, -1.0], 2).values,
            [128, 255, 128, 1]
        );
    }
}
