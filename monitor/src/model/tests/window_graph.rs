//! A window model small enough to be computed by hand: the mean of a table's rows at the calls of
//! the window, as `ln` of a softmax. Written as ONNX by its published protobuf field numbers
//! (`onnx.proto3`, ir_version 8, opset 17). It exists in tests alone.

use sha2::{Digest, Sha256};

use crate::model::manifest::{Kind, Manifest};

/// How many calls the model sees.
pub(super) const CONTEXT: usize = 19;

const SIZE: usize = 341;

/// The table's entry for a call that was seen and one that may follow.
fn entry(seen: usize, next: usize) -> f32 {
    ((seen * 7 + next * 13) % 29) as f32 * 0.3
}

/// The surprise of `next` after a window, computed by hand.
pub(super) fn by_hand(window: &[u16], next: u16) -> f64 {
    let logit = |next| {
        let rows = window
            .iter()
            .map(|&seen| f64::from(entry(usize::from(seen), next)));
        rows.sum::<f64>() / window.len() as f64
    };
    let sum: f64 = (0..SIZE).map(|next| logit(next).exp()).sum();
    sum.ln() - logit(usize::from(next))
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    let length = varint(value.len() as u64);
    [varint(field << 3 | 2), length, value.to_vec()].concat()
}

fn text(field: u64, value: &str) -> Vec<u8> {
    bytes(field, value.as_bytes())
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut node: Vec<u8> = inputs.iter().flat_map(|input| text(1, input)).collect();
    node.extend(text(2, output));
    node.extend(text(4, operator));
    node.extend(attributes.iter().flat_map(|attribute| bytes(5, attribute)));
    bytes(1, &node)
}

fn integer(name: &str, value: u64) -> Vec<u8> {
    [text(1, name), number(3, value), number(20, 2)].concat()
}

fn integers(name: &str, value: u64) -> Vec<u8> {
    [text(1, name), number(8, value), number(20, 7)].concat()
}

fn outlet(field: u64, name: &str, element: u64, width: usize) -> Vec<u8> {
    let batch = bytes(1, &text(2, "batch"));
    let width = bytes(1, &number(1, width as u64));
    let shape = bytes(2, &[batch, width].concat());
    let tensor = bytes(1, &[number(1, element), shape].concat());
    bytes(field, &[text(1, name), bytes(2, &tensor)].concat())
}

/// The manifest and the graph.
pub(super) fn model() -> (Manifest, Vec<u8>) {
    const FLOAT: u64 = 1;
    const INT64: u64 = 7;
    let mut manifest: Manifest =
        serde_json::from_slice(crate::model::EMBEDDED_MANIFEST).expect("a manifest");
    manifest.name = "test-window".into();
    manifest.kind = Kind::Window;
    manifest.context = Some(CONTEXT);
    manifest.vocabulary.start = None;
    manifest.state.clear();

    let table: Vec<u8> = (0..SIZE * SIZE)
        .flat_map(|cell| entry(cell / SIZE, cell % SIZE).to_le_bytes())
        .collect();
    let size = SIZE as u64;
    let dims = [number(1, size), number(1, size)].concat();
    let table = [dims, number(2, FLOAT), text(8, "table"), bytes(9, &table)].concat();
    let graph = [
        node("Gather", &["table", "window"], "rows", &[]),
        node(
            "ReduceMean",
            &["rows"],
            "logits",
            &[integers("axes", 1), integer("keepdims", 0)],
        ),
        node(
            "LogSoftmax",
            &["logits"],
            "log_probabilities",
            &[integer("axis", 1)],
        ),
        text(2, "window"),
        bytes(5, &table),
        outlet(11, "window", INT64, CONTEXT),
        outlet(12, "log_probabilities", FLOAT, SIZE),
    ];
    let metadata = manifest.metadata();
    let metadata = metadata
        .iter()
        .flat_map(|(key, value)| bytes(14, &[text(1, key), text(2, value)].concat()));
    let mut model = number(1, 8);
    model.extend(bytes(7, &graph.concat()));
    model.extend(bytes(8, &number(2, 17)));
    model.extend(metadata);
    manifest.model_sha256 = hex::encode(Sha256::digest(&model));
    (manifest, model)
}
