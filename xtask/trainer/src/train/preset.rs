//! The two recipes: what the network looks like and how it is trained.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::dense::Dense;
use super::initial::{gaussian, glorot, orthogonal};
use super::lookup::Lookup;
use super::network::{Layer, Network};
use super::parameters::{LayoutBuilder, Tensor, count};
use super::random::{Use, generator};
use super::recurrence::Recurrence;
use crate::vocabulary::{INPUTS, SIZE};

/// Which recipe.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// A stateful language model over whole traces, with a learned embedding.
    #[default]
    Lm,
    /// The notebook's: windows of 20, one-hot, three LSTM layers.
    Notebook,
}

/// What the network looks like.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Architecture {
    /// Embedding, one LSTM layer, dropout, softmax; one prediction a step.
    Lm {
        /// Elements of an embedded call.
        embedding: usize,
        /// Units of the LSTM.
        units: usize,
        /// Dropout between the LSTM and the softmax.
        dropout: f64,
    },
    /// One-hot calls, LSTM layers with dropout after each, softmax; one prediction a window.
    Notebook {
        /// Units of each LSTM layer.
        units: Vec<usize>,
        /// Dropout after each.
        dropout: f64,
    },
}

impl Architecture {
    /// The preset's own.
    #[must_use]
    pub fn of(preset: Preset) -> Self {
        match preset {
            Preset::Lm => Self::Lm {
                embedding: 64,
                units: 128,
                dropout: 0.2,
            },
            Preset::Notebook => Self::Notebook {
                units: vec![64, 256, 100],
                dropout: 0.2,
            },
        }
    }

    /// Whether sizes read from a file are ones to build a network of.
    ///
    /// # Errors
    /// No unit, or far more than any use of this.
    pub fn check(&self) -> anyhow::Result<()> {
        let (sizes, dropout) = match self {
            Self::Lm {
                embedding,
                units,
                dropout,
            } => (vec![*embedding, *units], *dropout),
            Self::Notebook { units, dropout } => (units.clone(), *dropout),
        };
        let fits = !sizes.is_empty()
            && sizes.len() <= 8
            && sizes.iter().all(|size| (1..=4096).contains(size));
        anyhow::ensure!(
            fits && (0.0..1.0).contains(&dropout),
            "its layers have impossible sizes: {self:?}"
        );
        Ok(())
    }

    /// The layers and the names and shapes of their parameters.
    #[must_use]
    pub fn network(&self) -> Network {
        let mut layout = LayoutBuilder::default();
        let mut layers = Vec::new();
        let last = match self {
            Self::Lm {
                embedding,
                units,
                dropout,
            } => {
                let table = layout.tensor("embedding", &[INPUTS, *embedding]);
                layers.push(Layer::Lookup(Lookup {
                    table,
                    bias: None,
                    width: *embedding,
                }));
                layers.push(dense(&mut layout, "lstm.input", *embedding, 4 * units));
                layers.push(recurrence(&mut layout, "lstm.recurrent", *units));
                layers.push(Layer::Dropout(*dropout));
                *units
            }
            Self::Notebook { units, dropout } => {
                let mut below = SIZE;
                for (number, &units) in units.iter().enumerate() {
                    let name = format!("lstm{}", number + 1);
                    if number == 0 {
                        let table =
                            layout.tensor(format!("{name}.input.weight"), &[below, 4 * units]);
                        let bias = Some(layout.tensor(format!("{name}.input.bias"), &[4 * units]));
                        layers.push(Layer::Lookup(Lookup {
                            table,
                            bias,
                            width: 4 * units,
                        }));
                    } else {
                        layers.push(dense(
                            &mut layout,
                            &format!("{name}.input"),
                            below,
                            4 * units,
                        ));
                    }
                    layers.push(recurrence(&mut layout, &format!("{name}.recurrent"), units));
                    layers.push(Layer::Dropout(*dropout));
                    below = units;
                }
                let dropout = layers.pop();
                layers.push(Layer::Last);
                layers.extend(dropout);
                below
            }
        };
        layers.push(dense(&mut layout, "output", last, SIZE));
        Network {
            layers,
            layout: layout.finish(),
            vocabulary: SIZE,
        }
    }

    /// The first parameters: Glorot for weights, orthogonal for recurrent ones, zero for biases but
    /// one for that of the forget gates (Jozefowicz et al. 2015), all as in Keras; 0.1·N(0, 1) for
    /// an embedding.
    #[must_use]
    pub fn initial(&self, seed: u64) -> Vec<f32> {
        let layout = self.network().layout;
        let mut values = vec![0.0; count(&layout)];
        let mut generator = generator(seed, Use::Initial, [0, 0]);
        for Tensor { name, shape, range } in layout.iter() {
            let values = &mut values[range.clone()];
            if name == "embedding" {
                gaussian(0.1, values, &mut generator);
            } else if name.ends_with(".recurrent") {
                orthogonal(shape[0], shape[1], values, &mut generator);
            } else if name.ends_with(".weight") {
                glorot(shape[0], shape[1], values, &mut generator);
            } else if name.starts_with("lstm") {
                let units = values.len() / 4;
                values[2 * units..3 * units].fill(1.0);
            }
        }
        values
    }
}

fn dense(layout: &mut LayoutBuilder, name: &str, inputs: usize, outputs: usize) -> Layer {
    let weight = layout.tensor(format!("{name}.weight"), &[inputs, outputs]);
    let bias = layout.tensor(format!("{name}.bias"), &[outputs]);
    Layer::Dense(Dense {
        weight,
        bias,
        inputs,
        outputs,
    })
}

fn recurrence(layout: &mut LayoutBuilder, name: &str, units: usize) -> Layer {
    Layer::Recurrence(Recurrence {
        weight: layout.tensor(name, &[units, 4 * units]),
        units,
    })
}

#[cfg(test)]
mod tests {
    use super::{Architecture, Preset};
    use crate::train::parameters::count;

    // From Keras's summary of the notebook: 103,936 + 328,704 + 142,800 + 34,441.
    #[test]
    fn the_notebook_has_its_609_881_parameters() {
        let layout = Architecture::of(Preset::Notebook).network().layout;
        let of = |prefix: &str| -> usize {
            let named = layout
                .iter()
                .filter(|tensor| tensor.name.starts_with(prefix));
            named.map(|tensor| tensor.range.len()).sum()
        };
        assert_eq!(
            [of("lstm1"), of("lstm2"), of("lstm3"), of("output")],
            [103_936, 328_704, 142_800, 34_441]
        );
        assert_eq!(count(&layout), 609_881);
    }

    #[test]
    fn forget_gates_start_open() {
        let architecture = Architecture::of(Preset::Lm);
        let (network, values) = (architecture.network(), architecture.initial(3));
        let bias = network
            .layout
            .iter()
            .find(|tensor| tensor.name == "lstm.input.bias")
            .expect("a bias");
        let bias = &values[bias.range.clone()];
        assert!(bias[2 * 128..3 * 128].iter().all(|&b| b == 1.0));
        assert_eq!(bias.iter().sum::<f32>(), 128.0);
    }
}
