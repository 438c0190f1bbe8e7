//! A table with one row per call: a learned embedding, or the input weights of a one-hot layer.

use std::ops::Range;

use super::real::Real;

/// Row `i` of the table (plus a bias) is the output for input `i`. Multiplying a one-hot vector by
/// a weight matrix selects a row of it, so this is also a dense layer over one-hot inputs.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Where the table lies, `[inputs, width]`.
    pub table: Range<usize>,
    /// Where the bias lies, `[width]`.
    pub bias: Option<Range<usize>>,
    /// Elements of a row.
    pub width: usize,
}

impl Lookup {
    /// The rows for `inputs`: `[inputs.len(), width]`.
    pub fn forward<T: Real>(&self, parameters: &[T], inputs: &[u16]) -> Vec<T> {
        let table = &parameters[self.table.clone()];
        let mut out = Vec::with_capacity(inputs.len() * self.width);
        for &input in inputs {
            let at = usize::from(input) * self.width;
            out.extend_from_slice(&table[at..at + self.width]);
        }
        if let Some(bias) = &self.bias {
            for row in out.chunks_exact_mut(self.width) {
                row.iter_mut()
                    .zip(&parameters[bias.clone()])
                    .for_each(|(a, b)| *a += *b);
            }
        }
        out
    }

    /// Adds this layer's gradient to `gradient`, given that of its output.
    pub fn backward<T: Real>(&self, inputs: &[u16], d_out: &[T], gradient: &mut [T]) {
        for (&input, row) in inputs.iter().zip(d_out.chunks_exact(self.width)) {
            let at = self.table.start + usize::from(input) * self.width;
            gradient[at..at + self.width]
                .iter_mut()
                .zip(row)
                .for_each(|(a, b)| *a += *b);
        }
        if let Some(bias) = &self.bias {
            super::dense::add_rows(d_out, &mut gradient[bias.clone()]);
        }
    }
}
