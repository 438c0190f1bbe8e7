//! The same network as a plain loop over its weights: the limit that a runtime is measured by.
//!
//! Written for one thing only, to be as fast as straightforward code can be: weights packed for
//! streaming, products in registers, no allocation while it runs.

use super::weights::{Matrix, Weights};
use trainer::train::real::Real;

/// Columns that are summed together, in registers.
const TILE: usize = 64;

/// Rows that share one pass over the weights.
const ROWS: usize = 4;

/// A matrix packed so that the columns of a tile stand together, the last tile padded with zeros.
struct Packed {
    depth: usize,
    columns: usize,
    tiles: Vec<[f32; TILE]>,
}

impl Packed {
    /// Packs `at(k, column)`.
    fn new(depth: usize, columns: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let mut tiles = Vec::with_capacity(columns.div_ceil(TILE) * depth);
        for start in (0..columns).step_by(TILE) {
            for k in 0..depth {
                let mut tile = [0.0; TILE];
                for (column, value) in (start..columns).zip(&mut tile) {
                    *value = at(k, column);
                }
                tiles.push(tile);
            }
        }
        Self {
            depth,
            columns,
            tiles,
        }
    }

    fn of(matrix: &Matrix) -> Self {
        let at = |k, column| matrix.values[k * matrix.columns + column];
        Self::new(matrix.rows, matrix.columns, at)
    }

    fn of_transposed(matrix: &Matrix) -> Self {
        let at = |k, column| matrix.values[column * matrix.columns + k];
        Self::new(matrix.columns, matrix.rows, at)
    }

    /// `out += rows · self`, `rows` being `[count, depth]` and `out` `[count, columns]`; `wide` says
    /// that the CPU has AVX-512.
    #[inline(always)]
    fn add_product(&self, wide: bool, rows: &[f32], out: &mut [f32]) {
        let rows = rows.chunks(ROWS * self.depth);
        for (rows, out) in rows.zip(out.chunks_mut(ROWS * self.columns)) {
            if rows.len() == ROWS * self.depth {
                self.add::<ROWS>(wide, rows, out);
            } else {
                let rows = rows.chunks_exact(self.depth);
                for (row, out) in rows.zip(out.chunks_exact_mut(self.columns)) {
                    self.add::<1>(wide, row, out);
                }
            }
        }
    }

    #[inline(always)]
    fn add<const N: usize>(&self, wide: bool, rows: &[f32], out: &mut [f32]) {
        for (number, tiles) in self.tiles.chunks_exact(self.depth).enumerate() {
            let start = number * TILE;
            let mut sums = [[0.0f32; TILE]; N];
            #[cfg(target_arch = "x86_64")]
            if wide {
                // SAFETY: `wide` says that the CPU has AVX-512.
                unsafe { sum_512(tiles, rows, &mut sums) };
            } else {
                sum(tiles, rows, &mut sums);
            }
            #[cfg(not(target_arch = "x86_64"))]
            {
                let _ = wide;
                sum(tiles, rows, &mut sums);
            }
            let end = (start + TILE).min(self.columns);
            for (row, sums) in sums.iter().enumerate() {
                let out = &mut out[row * self.columns + start..row * self.columns + end];
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out += sum;
                }
            }
        }
    }
}

/// The sums of one tile's columns for `N` rows.
#[inline(always)]
fn sum<const N: usize>(tiles: &[[f32; TILE]], rows: &[f32], sums: &mut [[f32; TILE]; N]) {
    for (k, tile) in tiles.iter().enumerate() {
        for (row, sums) in sums.iter_mut().enumerate() {
            let value = rows[row * tiles.len() + k];
            for (sum, weight) in sums.iter_mut().zip(tile) {
                *sum += value * weight;
            }
        }
    }
}

/// The same with the sums in registers: the compiler leaves arrays of this size in memory.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sum_512<const N: usize>(tiles: &[[f32; TILE]], rows: &[f32], sums: &mut [[f32; TILE]; N]) {
    use std::arch::x86_64::{
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };
    const LANES: usize = 16;
    const VECTORS: usize = TILE / LANES;
    let depth = tiles.len();
    let mut wide = [[_mm512_setzero_ps(); VECTORS]; N];
    for (k, tile) in tiles.iter().enumerate() {
        let mut weights = [_mm512_setzero_ps(); VECTORS];
        for (v, weights) in weights.iter_mut().enumerate() {
            // SAFETY: a tile has VECTORS times LANES values.
            *weights = unsafe { _mm512_loadu_ps(tile.as_ptr().add(v * LANES)) };
        }
        for (row, wide) in wide.iter_mut().enumerate() {
            let value = _mm512_set1_ps(rows[row * depth + k]);
            for (wide, weights) in wide.iter_mut().zip(weights) {
                *wide = _mm512_fmadd_ps(value, weights, *wide);
            }
        }
    }
    for (sums, wide) in sums.iter_mut().zip(wide) {
        for (v, wide) in wide.into_iter().enumerate() {
            // SAFETY: a row of sums has VECTORS times LANES values.
            unsafe { _mm512_storeu_ps(sums.as_mut_ptr().add(v * LANES), wide) };
        }
    }
}

/// The network, and room for what it computes.
pub struct Plain {
    embedding: Matrix,
    input: Packed,
    recurrent: Packed,
    bias: Vec<f32>,
    output: Packed,
    output_bias: Vec<f32>,
    x: Vec<f32>,
    gates: Vec<f32>,
    states: Vec<f32>,
    logits: Vec<f32>,
}

/// The state of some streams, each `[lanes, units]`.
#[derive(Clone, Debug)]
pub struct State {
    h: Vec<f32>,
    c: Vec<f32>,
}

impl Plain {
    /// Packs the weights.
    #[must_use]
    pub fn new(weights: &Weights) -> Self {
        Self {
            embedding: weights.embedding.clone(),
            input: Packed::of_transposed(&weights.input),
            recurrent: Packed::of_transposed(&weights.recurrent),
            bias: weights.bias.clone(),
            output: Packed::of(&weights.output),
            output_bias: weights.output_bias.clone(),
            x: Vec::new(),
            gates: Vec::new(),
            states: Vec::new(),
            logits: Vec::new(),
        }
    }

    /// The state of `lanes` streams before their first call.
    #[must_use]
    pub fn state(&self, lanes: usize) -> State {
        let zeros = vec![0.0; lanes * self.recurrent.depth];
        State {
            h: zeros.clone(),
            c: zeros,
        }
    }

    /// Scores `calls[1..]` of each lane, `calls` being `[steps + 1, lanes]`, time first, into
    /// `surprise` `[steps, lanes]`, in nats.
    pub fn run(&mut self, lanes: usize, calls: &[u16], state: &mut State, surprise: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx512f") && has!("avx512vl") && has!("fma") {
                // SAFETY: the CPU has just been asked for these features.
                return unsafe { self.run_512(lanes, calls, state, surprise) };
            }
            if has!("avx2") && has!("fma") {
                // SAFETY: the CPU has just been asked for these features.
                return unsafe { self.run_256(lanes, calls, state, surprise) };
            }
        }
        self.run_any(false, lanes, calls, state, surprise);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,fma")]
    fn run_512(&mut self, lanes: usize, calls: &[u16], state: &mut State, surprise: &mut [f32]) {
        self.run_any(true, lanes, calls, state, surprise);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn run_256(&mut self, lanes: usize, calls: &[u16], state: &mut State, surprise: &mut [f32]) {
        self.run_any(false, lanes, calls, state, surprise);
    }

    #[inline(always)]
    fn run_any(
        &mut self,
        wide: bool,
        lanes: usize,
        calls: &[u16],
        state: &mut State,
        surprise: &mut [f32],
    ) {
        let rows = calls.len() - lanes;
        let (units, gates) = (self.recurrent.depth, self.recurrent.columns);
        let (width, outputs) = (self.embedding.columns, self.output.columns);
        self.x.clear();
        for &call in &calls[..rows] {
            let start = usize::from(call) * width;
            self.x
                .extend_from_slice(&self.embedding.values[start..start + width]);
        }
        self.gates.clear();
        for _ in 0..rows {
            self.gates.extend_from_slice(&self.bias);
        }
        self.input.add_product(wide, &self.x, &mut self.gates);
        self.states.clear();
        for step in self.gates.chunks_exact_mut(lanes * gates) {
            self.recurrent.add_product(wide, &state.h, step);
            let lanes = step.chunks_exact_mut(gates);
            let states = state
                .h
                .chunks_exact_mut(units)
                .zip(state.c.chunks_exact_mut(units));
            for (gates, (h, c)) in lanes.zip(states) {
                cell(units, gates, h, c);
            }
            self.states.extend_from_slice(&state.h);
        }
        self.logits.clear();
        for _ in 0..rows {
            self.logits.extend_from_slice(&self.output_bias);
        }
        self.output
            .add_product(wide, &self.states, &mut self.logits);
        let logits = self.logits.chunks_exact(outputs);
        for ((logits, &next), surprise) in logits.zip(&calls[lanes..]).zip(surprise) {
            *surprise = log_sum(logits) - logits[usize::from(next)];
        }
    }
}

#[inline(always)]
fn cell(units: usize, gates: &mut [f32], h: &mut [f32], c: &mut [f32]) {
    let (sigmoids, g) = gates.split_at_mut(3 * units);
    for gate in sigmoids.iter_mut() {
        *gate = Real::sigmoid(*gate);
    }
    let (i, rest) = sigmoids.split_at(units);
    let (o, f) = rest.split_at(units);
    let gates = i.iter().zip(o).zip(f.iter().zip(g.iter()));
    for (((i, o), (f, g)), (h, c)) in gates.zip(h.iter_mut().zip(c.iter_mut())) {
        *c = f * *c + i * Real::tanh(*g);
        *h = o * Real::tanh(*c);
    }
}

/// `ln Σ e^logit`, summed in eight parts so that it can be vector code.
#[inline(always)]
fn log_sum(logits: &[f32]) -> f32 {
    const PARTS: usize = 16;
    let mut most = [f32::NEG_INFINITY; PARTS];
    let (chunks, rest) = logits.as_chunks::<PARTS>();
    for chunk in chunks {
        for (most, &logit) in most.iter_mut().zip(chunk) {
            *most = if logit > *most { logit } else { *most };
        }
    }
    let most = most
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0f32; PARTS];
    for chunk in chunks {
        for (sum, &logit) in sums.iter_mut().zip(chunk) {
            *sum += Real::exp(logit - most);
        }
    }
    let rest: f32 = rest.iter().map(|&logit| Real::exp(logit - most)).sum();
    most + (sums.iter().sum::<f32>() + rest).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights that differ everywhere, of odd sizes.
    fn weights() -> Weights {
        let (inputs, embedding, units, outputs) = (12, 5, 7, 70);
        let mut n = 0.0f32;
        let mut matrix = |rows: usize, columns: usize| {
            let values = (0..rows * columns).map(|_| {
                n += 1.0;
                (n * 0.7).sin() * 0.8
            });
            Matrix {
                rows,
                columns,
                values: values.collect(),
            }
        };
        Weights {
            embedding: matrix(inputs, embedding),
            input: matrix(4 * units, embedding),
            recurrent: matrix(4 * units, units),
            bias: matrix(1, 4 * units).values,
            output: matrix(units, outputs),
            output_bias: matrix(1, outputs).values,
        }
    }

    /// The definition, one stream, double precision.
    fn reference(w: &Weights, calls: &[u16]) -> Vec<f64> {
        let units = w.recurrent.columns;
        let (mut h, mut c) = (vec![0.0f64; units], vec![0.0f64; units]);
        let at =
            |m: &Matrix, row: usize, column: usize| f64::from(m.values[row * m.columns + column]);
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut surprise = Vec::new();
        for pair in calls.windows(2) {
            let gate = |row: usize| {
                let x = (0..w.embedding.columns)
                    .map(|k| at(&w.embedding, usize::from(pair[0]), k) * at(&w.input, row, k));
                let r = (0..units).map(|k| h[k] * at(&w.recurrent, row, k));
                f64::from(w.bias[row]) + x.sum::<f64>() + r.sum::<f64>()
            };
            let gates: Vec<f64> = (0..4 * units).map(gate).collect();
            for k in 0..units {
                let (i, o) = (sigmoid(gates[k]), sigmoid(gates[units + k]));
                let (f, g) = (sigmoid(gates[2 * units + k]), gates[3 * units + k].tanh());
                c[k] = f * c[k] + i * g;
                h[k] = o * c[k].tanh();
            }
            let logit = |column: usize| {
                let product = (0..units).map(|k| h[k] * at(&w.output, k, column));
                f64::from(w.output_bias[column]) + product.sum::<f64>()
            };
            let sum: f64 = (0..w.output.columns)
                .map(|column| logit(column).exp())
                .sum();
            surprise.push(sum.ln() - logit(usize::from(pair[1])));
        }
        surprise
    }

    #[test]
    fn the_loop_computes_the_network_for_any_batch_and_length() {
        let weights = weights();
        let mut plain = Plain::new(&weights);
        for (lanes, steps) in [(1, 1), (1, 9), (5, 3), (8, 2)] {
            let call = |t: usize, lane: usize| ((t * 5 + lane * 3 + t * lane) % 12) as u16;
            let calls: Vec<u16> = (0..=steps)
                .flat_map(|t| (0..lanes).map(move |lane| call(t, lane)))
                .collect();
            let mut surprise = vec![0.0; lanes * steps];
            plain.run(lanes, &calls, &mut plain.state(lanes), &mut surprise);
            for lane in 0..lanes {
                let own: Vec<u16> = (0..=steps).map(|t| call(t, lane)).collect();
                for (t, exact) in reference(&weights, &own).into_iter().enumerate() {
                    let found = f64::from(surprise[t * lanes + lane]);
                    assert!(
                        (found - exact).abs() < 1e-5,
                        "{lanes} lanes, step {t}: {found} {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_run_goes_on_from_the_state_of_the_one_before() {
        let weights = weights();
        let mut plain = Plain::new(&weights);
        let calls = [3u16, 1, 4, 1, 5, 9, 2];
        let (mut whole, mut parts) = ([0.0; 6], [0.0; 6]);
        plain.run(1, &calls, &mut plain.state(1), &mut whole);
        let mut state = plain.state(1);
        plain.run(1, &calls[..4], &mut state, &mut parts[..3]);
        plain.run(1, &calls[3..], &mut state, &mut parts[3..]);
        for (a, b) in whole.iter().zip(&parts) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
