//! One onnxruntime session: one thread, no spinning, memory bound once.

use ort::memory::Allocator;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{PrimitiveTensorElementType, Tensor};

use crate::model::ScoreError;
use crate::model::runtime::Runtime;

/// A session for a graph. It starts no thread of its own and computes on the caller's.
pub(super) fn session(runtime: &Runtime, graph: &[u8]) -> Result<Session, ort::Error> {
    let mut builder = Session::builder(runtime.environment())?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_deterministic_compute(true)?
        .with_optimization_level(GraphOptimizationLevel::All)?;
    builder.commit_from_memory(graph)
}

/// A tensor of zeros in memory that can be bound as input and as output.
pub(super) fn zeros<T>(shape: &[usize]) -> Result<Tensor<T>, ort::Error>
where
    T: PrimitiveTensorElementType + Copy + Default + std::fmt::Debug,
{
    let mut tensor = Tensor::new(&Allocator::default(), shape)?;
    tensor.extract_tensor_mut().1.fill(T::default());
    Ok(tensor)
}

/// Refuses what is no surprise. Rounding may put a certain call a hair below 0: that is 0.
pub(super) fn surprise(nats: f32) -> Result<f32, ScoreError> {
    if nats.is_finite() && nats > -1e-3 {
        Ok(nats.max(0.0))
    } else {
        Err(ScoreError::NoSurprise(nats))
    }
}

/// The `count` likeliest calls of a distribution given as `ln p`, likeliest first, the smaller
/// index first of equals.
pub(super) fn likeliest(log_probabilities: &[f32], count: usize) -> Vec<(u16, f32)> {
    let mut best: Vec<(u16, f32)> = Vec::with_capacity(count + 1);
    for (index, &value) in (0_u16..).zip(log_probabilities) {
        let place = best.partition_point(|&(_, other)| other >= value);
        if place < count {
            best.insert(place, (index, value));
            best.truncate(count);
        }
    }
    for (_, value) in &mut best {
        *value = value.exp();
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{likeliest, surprise};

    #[test]
    fn the_likeliest_come_in_order_and_equals_by_index() {
        let logs = [0.1_f32, 0.3, 0.3, 0.05, 0.25].map(f32::ln);
        let best: Vec<u16> = likeliest(&logs, 3)
            .iter()
            .map(|&(index, _)| index)
            .collect();
        assert_eq!(best, [1, 2, 4]);
        assert!(likeliest(&logs, 0).is_empty());
        assert_eq!(likeliest(&logs, 9).len(), 5);
    }

    #[test]
    fn what_is_no_surprise_is_refused() {
        assert!(surprise(f32::NAN).is_err());
        assert!(surprise(f32::INFINITY).is_err());
        assert!(surprise(-1.0).is_err());
        assert_eq!(surprise(-1e-7).expect("rounding"), 0.0);
    }
}
