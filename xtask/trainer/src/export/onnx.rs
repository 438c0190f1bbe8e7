//! Puts an ONNX file together.

pub mod proto;

use prost::Message;

use proto::{
    AttributeProto, Dimension, DimensionProto, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto,
    TypeProto, ValueInfoProto,
};

/// IR version that the field numbers and attribute kinds here belong to.
pub const IR_VERSION: i64 = 8;

/// The operator set.
pub const OPSET: i64 = 17;

const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT64: i32 = 7;

/// A dimension of an input or output, while a graph is put together.
#[derive(Clone, Copy, Debug)]
pub enum Axis {
    /// Fixed.
    Fixed(usize),
    /// Known at run time only.
    Named(&'static str),
}

/// Puts a graph together.
#[derive(Default)]
pub struct Graph {
    proto: GraphProto,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            proto: GraphProto {
                name: name.to_owned(),
                ..GraphProto::default()
            },
        }
    }

    /// An input of 64-bit integers.
    pub fn input_i64(&mut self, name: &str, shape: &[Axis]) {
        self.proto.input.push(value(name, INT64, shape));
    }

    /// An input of 32-bit floats.
    pub fn input_f32(&mut self, name: &str, shape: &[Axis]) {
        self.proto.input.push(value(name, FLOAT, shape));
    }

    /// An output of 32-bit floats.
    pub fn output_f32(&mut self, name: &str, shape: &[Axis]) {
        self.proto.output.push(value(name, FLOAT, shape));
    }

    /// A constant of 32-bit floats.
    pub fn f32(&mut self, name: &str, shape: &[usize], values: impl IntoIterator<Item = f32>) {
        let raw_data = values.into_iter().flat_map(f32::to_le_bytes).collect();
        self.constant(name, FLOAT, shape, raw_data);
    }

    /// A constant of 64-bit integers.
    pub fn i64(&mut self, name: &str, shape: &[usize], values: &[i64]) {
        let raw_data = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(name, INT64, shape, raw_data);
    }

    /// A constant of 8-bit integers.
    pub fn u8(&mut self, name: &str, shape: &[usize], values: Vec<u8>) {
        self.constant(name, UINT8, shape, values);
    }

    /// A constant of the given ONNX element type.
    fn constant(&mut self, name: &str, data_type: i32, shape: &[usize], raw_data: Vec<u8>) {
        let dims = shape.iter().map(|&n| n as i64).collect();
        self.proto.initializer.push(TensorProto {
            dims,
            data_type,
            name: name.to_owned(),
            raw_data,
        });
    }

    /// An operator, with integer attributes.
    pub fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, i64)],
    ) {
        let attribute = attributes.iter().map(|&(name, i)| AttributeProto {
            name: name.to_owned(),
            i,
            r#type: 2,
            ..AttributeProto::default()
        });
        self.push(op, "", inputs, outputs, attribute.collect());
    }

    /// An operator with one attribute that is a list of integers.
    pub fn node_with_list(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        name: &str,
        ints: &[i64],
        more: &[(&str, i64)],
    ) {
        let mut attribute = vec![AttributeProto {
            name: name.to_owned(),
            ints: ints.to_vec(),
            r#type: 7,
            ..AttributeProto::default()
        }];
        attribute.extend(more.iter().map(|&(name, i)| AttributeProto {
            name: name.to_owned(),
            i,
            r#type: 2,
            ..AttributeProto::default()
        }));
        self.push(op, "", inputs, outputs, attribute);
    }

    /// An operator of another domain than ONNX's own.
    pub fn foreign_node(
        &mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, i64)],
    ) {
        self.node(op, inputs, outputs, attributes);
        if let Some(node) = self.proto.node.last_mut() {
            node.domain = domain.to_owned();
        }
    }

    fn push(
        &mut self,
        op: &str,
        domain: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.proto.node.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: format!("{}_{}", op.to_lowercase(), self.proto.node.len()),
            op_type: op.to_owned(),
            attribute,
            domain: domain.to_owned(),
        });
    }

    /// The finished file.
    #[must_use]
    pub fn finish(self, metadata: &[(&str, String)]) -> Vec<u8> {
        let mut domains: Vec<String> = self
            .proto
            .node
            .iter()
            .map(|node| node.domain.clone())
            .collect();
        domains.push(String::new());
        domains.sort();
        domains.dedup();
        let opset = |domain: String| {
            let version = if domain.is_empty() { OPSET } else { 1 };
            OperatorSetIdProto { domain, version }
        };
        let entries = metadata
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "monitor xtask".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(self.proto),
            opset_import: domains.into_iter().map(opset).collect(),
            metadata_props: entries
                .map(|(key, value)| StringStringEntryProto { key, value })
                .collect(),
        };
        model.encode_to_vec()
    }
}

fn value(name: &str, elem_type: i32, shape: &[Axis]) -> ValueInfoProto {
    let dim = shape.iter().map(|axis| DimensionProto {
        value: Some(match axis {
            Axis::Fixed(length) => Dimension::Value(*length as i64),
            Axis::Named(name) => Dimension::Parameter((*name).to_owned()),
        }),
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor_type = Some(TensorTypeProto { elem_type, shape });
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { tensor_type }),
    }
}
