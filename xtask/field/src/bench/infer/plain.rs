//! The same network as a plain loop over its weights: the limit that a runtime is measured by.
//!
//! Written for one thing only, to be as fast as straightforward code can be: weights packed for
//! streaming, products in registers, no allocation while it runs.

mod packed;

use super::weights::{Matrix, Weights};
use packed::Packed;
use trainer::train::real::Real;

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
mod tests;
