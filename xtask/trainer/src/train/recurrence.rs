//! The recurrent part of an LSTM (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000).
//!
//! Rows are time-major: row `t·lanes + lane`. The gates stand in the order of ONNX: input, output,
//! forget, cell. The part of the gates that comes from the layer below is computed before, for all
//! steps at once, and given in.

use std::ops::Range;

use super::kernel;
use super::matrix::{Matrix, multiply};
use super::real::Real;

/// `h` and `c` of one layer, each `[lanes, units]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State<T> {
    /// The output.
    pub h: Vec<T>,
    /// The cell.
    pub c: Vec<T>,
}

/// An LSTM layer without its input weights.
#[derive(Clone, Debug)]
pub struct Recurrence {
    /// Where the recurrent weights lie, `[units, 4·units]`.
    pub weight: Range<usize>,
    /// Units.
    pub units: usize,
}

/// What the way back needs to know of the way forward.
pub struct Tape<T> {
    /// Gates after their activation, `[steps·lanes, 4·units]`.
    gates: Vec<T>,
    /// `h` before each step, `[steps·lanes, units]`.
    h_before: Vec<T>,
    /// `c` before each step.
    c_before: Vec<T>,
    /// `tanh(c)` after each step.
    squashed: Vec<T>,
}

impl Recurrence {
    /// Runs over all steps from `state`, and leaves the last state in it.
    ///
    /// `gates` is what comes from below, `[steps·lanes, 4·units]`, bias included. Where `reset` is
    /// true for a row, `h` and `c` are zeroed before that step. Returns `h` of every step.
    pub fn forward<T: Real>(
        &self,
        parameters: &[T],
        mut gates: Vec<T>,
        reset: &[bool],
        state: &mut State<T>,
    ) -> (Vec<T>, Tape<T>) {
        let units = self.units;
        let step = state.h.len();
        let lanes = step / units;
        let weight = Matrix::new(&parameters[self.weight.clone()], units, 4 * units);
        let rows = reset.len();
        let mut h_before = Vec::with_capacity(rows * units);
        let mut c_before = Vec::with_capacity(rows * units);
        let mut squashed = vec![T::ZERO; rows * units];
        let mut out = vec![T::ZERO; rows * units];
        for (t, reset) in reset.chunks_exact(lanes).enumerate() {
            zero_where(reset, units, &mut state.h);
            zero_where(reset, units, &mut state.c);
            h_before.extend_from_slice(&state.h);
            c_before.extend_from_slice(&state.c);
            let gates = &mut gates[t * 4 * step..(t + 1) * 4 * step];
            multiply(Matrix::new(&state.h, lanes, units), weight, T::ONE, gates);
            let squashed = &mut squashed[t * step..(t + 1) * step];
            kernel::step_forward(units, gates, &mut state.c, &mut state.h, squashed);
            out[t * step..(t + 1) * step].copy_from_slice(&state.h);
        }
        (
            out,
            Tape {
                gates,
                h_before,
                c_before,
                squashed,
            },
        )
    }

    /// Adds this layer's gradient to `gradient`, given that of its output (`d_out`), and returns
    /// that of the gates' part from below. No gradient flows in from after the last step.
    pub fn backward<T: Real>(
        &self,
        parameters: &[T],
        tape: Tape<T>,
        reset: &[bool],
        lanes: usize,
        d_out: &[T],
        gradient: &mut [T],
    ) -> Vec<T> {
        let units = self.units;
        let step = lanes * units;
        let rows = reset.len();
        let Tape {
            mut gates,
            h_before,
            c_before,
            squashed,
        } = tape;
        let weight = Matrix::new(&parameters[self.weight.clone()], units, 4 * units);
        let mut d_h = vec![T::ZERO; step];
        let mut d_c = vec![T::ZERO; step];
        for t in (0..rows / lanes).rev() {
            let at = t * step..(t + 1) * step;
            d_h.iter_mut()
                .zip(&d_out[at.clone()])
                .for_each(|(a, b)| *a += *b);
            let gates = &mut gates[t * 4 * step..(t + 1) * 4 * step];
            kernel::step_backward(
                units,
                gates,
                &c_before[at.clone()],
                &squashed[at],
                &d_h,
                &mut d_c,
            );
            multiply(
                Matrix::new(gates, lanes, 4 * units),
                weight.transposed(),
                T::ZERO,
                &mut d_h,
            );
            let reset = &reset[t * lanes..(t + 1) * lanes];
            zero_where(reset, units, &mut d_h);
            zero_where(reset, units, &mut d_c);
        }
        multiply(
            Matrix::new(&h_before, rows, units).transposed(),
            Matrix::new(&gates, rows, 4 * units),
            T::ONE,
            &mut gradient[self.weight.clone()],
        );
        gates
    }
}

fn zero_where<T: Real>(reset: &[bool], units: usize, rows: &mut [T]) {
    for (row, &reset) in rows.chunks_exact_mut(units).zip(reset) {
        if reset {
            row.fill(T::ZERO);
        }
    }
}
