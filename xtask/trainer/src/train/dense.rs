//! A fully connected layer without an activation.

use std::ops::Range;

use super::matrix::{Matrix, multiply};
use super::real::Real;

/// `y = x·W + b` for every row `x`.
#[derive(Clone, Debug)]
pub struct Dense {
    /// Where `W` lies, `[inputs, outputs]`.
    pub weight: Range<usize>,
    /// Where `b` lies, `[outputs]`.
    pub bias: Range<usize>,
    /// Elements of `x`.
    pub inputs: usize,
    /// Elements of `y`.
    pub outputs: usize,
}

impl Dense {
    /// The outputs for the rows of `x`.
    pub fn forward<T: Real>(&self, parameters: &[T], x: &[T]) -> Vec<T> {
        let rows = x.len() / self.inputs;
        let mut y = parameters[self.bias.clone()].repeat(rows);
        let weight = Matrix::new(&parameters[self.weight.clone()], self.inputs, self.outputs);
        multiply(Matrix::new(x, rows, self.inputs), weight, T::ONE, &mut y);
        y
    }

    /// Adds this layer's gradient to `gradient` and returns that of its input.
    pub fn backward<T: Real>(
        &self,
        parameters: &[T],
        x: &[T],
        d_y: &[T],
        gradient: &mut [T],
    ) -> Vec<T> {
        let rows = x.len() / self.inputs;
        let d_y_matrix = Matrix::new(d_y, rows, self.outputs);
        multiply(
            Matrix::new(x, rows, self.inputs).transposed(),
            d_y_matrix,
            T::ONE,
            &mut gradient[self.weight.clone()],
        );
        add_rows(d_y, &mut gradient[self.bias.clone()]);
        let mut d_x = vec![T::ZERO; x.len()];
        let weight = Matrix::new(&parameters[self.weight.clone()], self.inputs, self.outputs);
        multiply(d_y_matrix, weight.transposed(), T::ZERO, &mut d_x);
        d_x
    }
}

/// Adds every row of `rows` to `sum`.
pub fn add_rows<T: Real>(rows: &[T], sum: &mut [T]) {
    for row in rows.chunks_exact(sum.len()) {
        sum.iter_mut().zip(row).for_each(|(a, b)| *a += *b);
    }
}
