//! The part of ONNX's `ModelProto` that the graphs here need, and short ways to fill it in.
//!
//! Field numbers are those of `onnx/onnx.proto` (IR version 8).

use prost::Message;

/// IR version that the field numbers and attribute kinds here belong to.
pub const IR_VERSION: i64 = 8;

/// The operator set.
pub const OPSET: i64 = 17;

const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT64: i32 = 7;

/// A whole file.
#[derive(Clone, Message)]
pub struct ModelProto {
    /// IR version.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// The tool that wrote it.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// Its version.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// The graph.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
    /// Operator sets.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Metadata.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
}

/// An operator set: an empty domain is ONNX's own.
#[derive(Clone, Message)]
pub struct OperatorSetIdProto {
    /// Whose.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Which.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A line of metadata.
#[derive(Clone, Message)]
pub struct StringStringEntryProto {
    /// Key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A graph.
#[derive(Clone, Message)]
pub struct GraphProto {
    /// Operators in an order in which they can run.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    /// A name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// Inputs.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// Outputs.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
}

/// An operator.
#[derive(Clone, Message)]
pub struct NodeProto {
    /// Names of its inputs; an empty one is left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of its outputs.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// A name.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Which operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// Attributes.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
    /// Whose operator.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// An attribute of an operator.
#[derive(Clone, Message)]
pub struct AttributeProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// An integer.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// Integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Which of the two: 2 or 7.
    #[prost(int32, tag = "20")]
    pub r#type: i32,
}

/// A constant.
#[derive(Clone, Message)]
pub struct TensorProto {
    /// Dimensions.
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    /// Element type.
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Its name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Elements, little endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
}

/// An input or output.
#[derive(Clone, Message)]
pub struct ValueInfoProto {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
}

/// A type; only tensors here.
#[derive(Clone, Message)]
pub struct TypeProto {
    /// A tensor's.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorTypeProto>,
}

/// A tensor's type.
#[derive(Clone, Message)]
pub struct TensorTypeProto {
    /// Element type.
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// Shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
}

/// A tensor's shape.
#[derive(Clone, Message)]
pub struct TensorShapeProto {
    /// Dimensions.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<DimensionProto>,
}

/// A dimension.
#[derive(Clone, Message)]
pub struct DimensionProto {
    /// Fixed or named.
    #[prost(oneof = "Dimension", tags = "1, 2")]
    pub value: Option<Dimension>,
}

/// A dimension's length.
#[derive(Clone, prost::Oneof)]
pub enum Dimension {
    /// Fixed.
    #[prost(int64, tag = "1")]
    Value(i64),
    /// Known at run time only; the same name is the same length.
    #[prost(string, tag = "2")]
    Parameter(String),
}

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
