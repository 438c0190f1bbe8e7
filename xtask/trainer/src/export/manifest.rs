//! The manifest of an exported model.

use monitor::model::manifest::{
    Corpus, FORMAT, Kind, Manifest, Precision, StateTensor, SurpriseUnit, Threshold, Vocabulary,
};

use super::onnx::OPSET;
use crate::train::checkpoint::Header;
use crate::train::preset::Architecture;
use crate::train::windows::CONTEXT;
use crate::vocabulary;

/// The manifest of a model with 32-bit weights, but for the hash of its graph.
#[must_use]
pub fn manifest(
    name: &str,
    header: &Header,
    parameters: usize,
    held_out_nats: f64,
    threshold: Threshold,
) -> Manifest {
    let source = &header.source;
    let state = |name: &str, units: usize| StateTensor {
        name: name.to_owned(),
        output: format!("{name}_out"),
        shape: vec![Some(1), None, Some(units)],
    };
    let (kind, start, context, state) = match &header.recipe.architecture {
        Architecture::Lm { units, .. } => (
            Kind::Stateful,
            Some(vocabulary::START),
            None,
            vec![state("h", *units), state("c", *units)],
        ),
        Architecture::Notebook { .. } => (Kind::Window, None, Some(CONTEXT), Vec::new()),
    };
    Manifest {
        format: FORMAT,
        name: name.to_owned(),
        kind,
        vocabulary: Vocabulary {
            name: vocabulary::NAME.to_owned(),
            size: vocabulary::SIZE,
            start,
        },
        context,
        state,
        distribution: true,
        opset: OPSET as u32,
        surprise_unit: SurpriseUnit::Nats,
        precision: Precision::Fp32,
        corpus: Corpus {
            name: source.name.clone(),
            sha256: source.sha256.clone(),
            traces: source.traces as u64,
            calls: source.calls as u64,
        },
        seed: header.recipe.seed,
        git_revision: header.git_revision.clone(),
        parameters: parameters as u64,
        held_out_nats,
        threshold,
        model_sha256: String::new(),
    }
}
