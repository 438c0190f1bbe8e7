//! The exported graph against the trainer's own forward pass.

use monitor::model::manifest::Precision;

use super::import;
use super::weights::Weights;
use super::{graph_lm, graph_notebook};
use crate::train::preset::{Architecture, Preset};
use crate::train::random::{Use, generator, normal};

/// A network with parameters as large as trained ones, and its graph.
fn exported(architecture: &Architecture) -> (Vec<f32>, Vec<u8>) {
    let mut parameters = architecture.initial(4);
    let mut random = generator(4, Use::Order, [1, 1]);
    parameters
        .iter_mut()
        .for_each(|value| *value += 0.1 * normal(&mut random) as f32);
    let model = graph(architecture, &parameters, Precision::Fp32);
    (parameters, model)
}

fn graph(architecture: &Architecture, parameters: &[f32], precision: Precision) -> Vec<u8> {
    let network = architecture.network();
    let weights = Weights::new(&network.layout, parameters);
    let graph = match architecture {
        Architecture::Lm { .. } => graph_lm::build(&weights, precision, true),
        Architecture::Notebook { units, .. } => {
            graph_notebook::build(&weights, precision, units.len())
        }
    };
    graph.finish(&[])
}

#[test]
fn parameters_come_back_out_of_a_graph_to_the_bit() {
    for architecture in [
        Architecture::of(Preset::Lm),
        Architecture::of(Preset::Notebook),
        Architecture::Notebook {
            units: vec![3, 5],
            dropout: 0.2,
        },
    ] {
        let (parameters, model) = exported(&architecture);
        let (again, values) = import::parameters(&model).expect("it was just exported");
        assert_eq!(again, architecture);
        assert!(values == parameters);
        for end in (0..model.len()).step_by(model.len() / 50) {
            assert!(import::parameters(&model[..end]).is_err(), "cut at {end}");
        }
    }
}

mod needs_onnxruntime;
