//! All parameters of a network in one flat buffer, with the names and shapes of its tensors.

use std::ops::Range;
use std::sync::Arc;

/// One tensor's place in the buffer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tensor {
    /// A name that is unique in the network, such as `lstm.recurrent`.
    pub name: String,
    /// Its dimensions; elements lie row after row.
    pub shape: Vec<usize>,
    /// Where it lies.
    pub range: Range<usize>,
}

/// The names, shapes and places of all tensors of a network.
pub type Layout = Arc<[Tensor]>;

/// Collects tensors while a network is put together.
#[derive(Default)]
pub struct LayoutBuilder {
    tensors: Vec<Tensor>,
}

impl LayoutBuilder {
    /// Adds a tensor and returns its place.
    pub fn tensor(&mut self, name: impl Into<String>, shape: &[usize]) -> Range<usize> {
        let start = self.tensors.last().map_or(0, |tensor| tensor.range.end);
        let range = start..start + shape.iter().product::<usize>();
        self.tensors.push(Tensor {
            name: name.into(),
            shape: shape.to_vec(),
            range: range.clone(),
        });
        range
    }

    /// The finished layout.
    #[must_use]
    pub fn finish(self) -> Layout {
        self.tensors.into()
    }
}

/// How many parameters a layout has.
#[must_use]
pub fn count(layout: &Layout) -> usize {
    layout.last().map_or(0, |tensor| tensor.range.end)
}
