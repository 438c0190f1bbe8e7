//! Does a graph keep what its manifest promises?

use ort::session::Session;
use ort::value::{Outlet, Shape, TensorElementType, ValueType};

use super::ModelError;
use super::manifest::{Kind, Manifest};

/// What a graph's input or output must be: its name, its type, and its sizes with `None` for one
/// that must be symbolic.
struct Promise<'m> {
    name: &'m str,
    element: TensorElementType,
    shape: Vec<Option<usize>>,
}

/// Compares metadata, inputs and outputs.
pub(super) fn check(manifest: &Manifest, session: &Session) -> Result<(), ModelError> {
    let metadata = session.metadata().map_err(ModelError::graph)?;
    for (key, expected) in manifest.metadata() {
        let found = metadata.custom(key);
        if found.as_deref() != Some(&*expected) {
            return Err(ModelError::Mismatch {
                what: format!("the metadata `{key}`"),
                manifest: quoted(&expected),
                graph: found.map_or_else(|| "nothing".to_owned(), |text| quoted(&text)),
            });
        }
    }
    let (inputs, outputs) = promises(manifest);
    compare("input", &inputs, session.inputs(), true)?;
    // A model may give more than the manifest promises; what it needs must be promised.
    compare("output", &outputs, session.outputs(), false)
}

fn promises(manifest: &Manifest) -> (Vec<Promise<'_>>, Vec<Promise<'_>>) {
    let int = |name, shape| Promise {
        name,
        element: TensorElementType::Int64,
        shape,
    };
    let float = |name, shape| Promise {
        name,
        element: TensorElementType::Float32,
        shape,
    };
    let size = Some(manifest.vocabulary.size);
    if manifest.kind == Kind::Window {
        return (
            vec![int("window", vec![None, manifest.context])],
            vec![float("log_probabilities", vec![None, size])],
        );
    }
    let mut inputs = vec![int("calls", vec![None, None])];
    let mut outputs = vec![float("surprise", vec![None, None])];
    for tensor in &manifest.state {
        inputs.push(float(&tensor.name, tensor.shape.clone()));
        outputs.push(float(&tensor.output, tensor.shape.clone()));
    }
    if manifest.distribution {
        outputs.push(float("log_probabilities", vec![None, None, size]));
    }
    (inputs, outputs)
}

fn compare(
    side: &str,
    promised: &[Promise<'_>],
    found: &[Outlet],
    exhaustive: bool,
) -> Result<(), ModelError> {
    for promise in promised {
        let outlet = found.iter().find(|outlet| outlet.name() == promise.name);
        if outlet.is_some_and(|outlet| keeps(promise, outlet.dtype())) {
            continue;
        }
        return Err(ModelError::Mismatch {
            what: format!("the {side} `{}`", promise.name.escape_default()),
            manifest: format!("{} {:?}", promise.element, promise.shape),
            graph: outlet.map_or_else(|| "nothing".to_owned(), |outlet| shown(outlet.dtype())),
        });
    }
    let unknown = found
        .iter()
        .find(|outlet| promised.iter().all(|promise| promise.name != outlet.name()));
    match unknown {
        Some(outlet) if exhaustive => Err(ModelError::Mismatch {
            what: format!("the {side} `{}`", outlet.name().escape_default()),
            manifest: "nothing".to_owned(),
            graph: shown(outlet.dtype()),
        }),
        _ => Ok(()),
    }
}

/// Where the manifest has a number, the graph has it too, or has left an output's size open; where
/// the manifest has none, the graph must take any.
fn keeps(promise: &Promise<'_>, found: &ValueType) -> bool {
    let ValueType::Tensor { ty, shape, .. } = found else {
        return false;
    };
    let fits = |(promised, &found): (&Option<usize>, &i64)| match promised {
        Some(size) => found == -1 || usize::try_from(found) == Ok(*size),
        None => found == -1,
    };
    *ty == promise.element
        && shape.len() == promise.shape.len()
        && promise.shape.iter().zip(shape.iter()).all(fits)
}

fn shown(found: &ValueType) -> String {
    match found {
        ValueType::Tensor { ty, shape, .. } => format!("{ty} {}", sizes(shape)),
        other => format!("{other:?}"),
    }
}

fn sizes(shape: &Shape) -> String {
    let sizes: Vec<_> = shape
        .iter()
        .map(|&size| usize::try_from(size).ok())
        .collect();
    format!("{sizes:?}")
}

fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_default())
}
