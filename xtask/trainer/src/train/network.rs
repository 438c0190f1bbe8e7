//! A network is a list of layers; this runs them forward and back.

use super::dense::Dense;
use super::dropout;
use super::lookup::Lookup;
use super::loss::{Tally, cross_entropy, surprises};
use super::parameters::Layout;
use super::random::Generator;
use super::real::Real;
use super::recurrence::{Recurrence, State, Tape};

/// One layer.
#[derive(Clone, Debug)]
pub enum Layer {
    /// Calls to rows. Always the first layer.
    Lookup(Lookup),
    /// `x·W + b`.
    Dense(Dense),
    /// The recurrent part of an LSTM.
    Recurrence(Recurrence),
    /// Dropout with this rate; does nothing outside training.
    Dropout(f64),
    /// Keeps the rows of the last step only.
    Last,
}

/// A network and the names of its parameters.
#[derive(Clone, Debug)]
pub struct Network {
    /// The layers, from the input on.
    pub layers: Vec<Layer>,
    /// The parameters' names, shapes and places.
    pub layout: Layout,
    /// How many calls the output tells apart.
    pub vocabulary: usize,
}

/// A group of lanes over some steps; time-major, row `t·lanes + lane`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Lanes.
    pub lanes: usize,
    /// The call before, `[steps·lanes]`.
    pub inputs: Vec<u16>,
    /// The call to predict, one per output row (`NO_TARGET` for padding).
    pub targets: Vec<u16>,
    /// Where the state is zeroed before the step, `[steps·lanes]`.
    pub reset: Vec<bool>,
}

enum Saved<T> {
    Nothing,
    Input(Vec<T>),
    Tape(Tape<T>),
    Factors(Vec<T>),
    Rows(usize),
}

impl Network {
    /// Zero states for `lanes` lanes, one per recurrent layer.
    #[must_use]
    pub fn zero_states<T: Real>(&self, lanes: usize) -> Vec<State<T>> {
        let recurrent = self.layers.iter().filter_map(|layer| match layer {
            Layer::Recurrence(layer) => Some(layer.units * lanes),
            _ => None,
        });
        recurrent
            .map(|n| State {
                h: vec![T::ZERO; n],
                c: vec![T::ZERO; n],
            })
            .collect()
    }

    /// The logits of every output row. With `dropout`, also what the way back needs.
    fn forward<T: Real>(
        &self,
        parameters: &[T],
        batch: &Batch,
        states: &mut [State<T>],
        mut dropout: Option<&mut Generator>,
        tape: &mut Vec<Saved<T>>,
    ) -> Vec<T> {
        let mut x = Vec::new();
        let mut states = states.iter_mut();
        for layer in &self.layers {
            let saved = match layer {
                Layer::Lookup(layer) => {
                    x = layer.forward(parameters, &batch.inputs);
                    Saved::Nothing
                }
                Layer::Dense(layer) => {
                    let y = layer.forward(parameters, &x);
                    Saved::Input(std::mem::replace(&mut x, y))
                }
                Layer::Recurrence(layer) => {
                    let state = states.next().expect("one state per recurrent layer");
                    let (y, tape) = layer.forward(parameters, x, &batch.reset, state);
                    x = y;
                    Saved::Tape(tape)
                }
                Layer::Dropout(rate) => match &mut dropout {
                    Some(generator) => Saved::Factors(dropout::forward(*rate, &mut x, generator)),
                    None => Saved::Nothing,
                },
                Layer::Last => {
                    let all = x.len();
                    let steps = batch.inputs.len() / batch.lanes;
                    x = x.split_off(all - all / steps);
                    Saved::Rows(all)
                }
            };
            tape.push(saved);
        }
        x
    }

    /// Trains on one batch: adds the gradient of `scale ·` the summed surprise to `gradient` and
    /// leaves the state after the last step in `states`.
    pub fn train<T: Real>(
        &self,
        parameters: &[T],
        batch: &Batch,
        states: &mut [State<T>],
        dropout: Option<&mut Generator>,
        scale: T,
        gradient: &mut [T],
    ) -> Tally {
        let mut tape = Vec::with_capacity(self.layers.len());
        let mut d = self.forward(parameters, batch, states, dropout, &mut tape);
        let tally = cross_entropy(&mut d, &batch.targets, self.vocabulary, scale);
        for (layer, saved) in self.layers.iter().zip(tape).rev() {
            match (layer, saved) {
                (Layer::Lookup(layer), _) => layer.backward(&batch.inputs, &d, gradient),
                (Layer::Dense(layer), Saved::Input(x)) => {
                    d = layer.backward(parameters, &x, &d, gradient);
                }
                (Layer::Recurrence(layer), Saved::Tape(tape)) => {
                    d = layer.backward(parameters, tape, &batch.reset, batch.lanes, &d, gradient);
                }
                (Layer::Dropout(_), Saved::Factors(factors)) => dropout::backward(&factors, &mut d),
                (Layer::Last, Saved::Rows(all)) => {
                    let mut padded = vec![T::ZERO; all - d.len()];
                    padded.append(&mut d);
                    d = padded;
                }
                _ => {}
            }
        }
        tally
    }

    /// The tally of a batch, without training.
    pub fn evaluate<T: Real>(
        &self,
        parameters: &[T],
        batch: &Batch,
        states: &mut [State<T>],
    ) -> Tally {
        let mut logits = self.forward(parameters, batch, states, None, &mut Vec::new());
        cross_entropy(&mut logits, &batch.targets, self.vocabulary, T::ONE)
    }

    /// The surprise of every target of a batch, in nats, in the order of the output rows.
    pub fn surprises<T: Real>(
        &self,
        parameters: &[T],
        batch: &Batch,
        states: &mut [State<T>],
    ) -> Vec<T> {
        let mut logits = self.forward(parameters, batch, states, None, &mut Vec::new());
        surprises(&mut logits, &batch.targets, self.vocabulary)
    }
}
