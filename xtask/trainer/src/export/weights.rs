//! A network's parameters in the layouts of ONNX operators.

use crate::train::parameters::Layout;

/// Parameters by name.
pub struct Weights<'a> {
    layout: &'a Layout,
    values: &'a [f32],
}

impl<'a> Weights<'a> {
    /// The parameters `values` of a network with this layout.
    #[must_use]
    pub fn new(layout: &'a Layout, values: &'a [f32]) -> Self {
        Self { layout, values }
    }

    /// A tensor's values and shape.
    ///
    /// # Panics
    /// When the network has no such tensor: names come from the same architecture.
    #[must_use]
    pub fn get(&self, name: &str) -> (&'a [f32], &'a [usize]) {
        let tensor = self.layout.iter().find(|tensor| tensor.name == name);
        let tensor = tensor.unwrap_or_else(|| panic!("the network has no tensor {name}"));
        (&self.values[tensor.range.clone()], &tensor.shape)
    }

    /// A matrix transposed: `[rows, columns]` here is `[columns, rows]` there, as ONNX's LSTM wants
    /// its weights. Gates stand in ONNX's order (i, o, f, c) in the trainer already.
    #[must_use]
    pub fn transposed(&self, name: &str) -> (Vec<f32>, usize, usize) {
        let (values, shape) = self.get(name);
        let (rows, columns) = (shape[0], shape[1]);
        let mut out = Vec::with_capacity(values.len());
        for column in 0..columns {
            out.extend((0..rows).map(|row| values[row * columns + column]));
        }
        (out, columns, rows)
    }
}
