//! The notebook's own measure.

use crate::json::Notebook;
use crate::lstm::Scored;
use trainer::train::windows::ENOUGH;

/// The notebook's measure over the first windows, whole traces in sorted order until there are
/// more than [`ENOUGH`].
pub fn notebook(validation: &[Scored]) -> Notebook {
    let (mut windows, mut sum, mut right) = (0, 0.0, 0);
    for trace in validation {
        if windows > ENOUGH {
            break;
        }
        windows += trace.surprise.len();
        sum += trace
            .surprise
            .iter()
            .map(|&nats| f64::from(nats))
            .sum::<f64>();
        right += trace.right.unwrap_or(0);
    }
    Notebook {
        windows,
        loss: sum / windows as f64,
        accuracy: right as f64 / windows as f64,
        published_loss: 2.64,
        published_accuracy: 0.37,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notebooks_measure_ends_with_the_trace_that_makes_it_enough() {
        let trace = |windows: usize, nats: f32, right: u64| Scored {
            mean: None,
            surprise: vec![nats; windows],
            right: Some(right),
        };
        let traces = [
            trace(ENOUGH, 1.0, 10_000),
            trace(1000, 2.0, 500),
            trace(1000, 9.0, 0),
        ];
        let measured = notebook(&traces);
        assert_eq!(measured.windows, 21_000);
        assert!((measured.loss - 22.0 / 21.0).abs() < 1e-9);
        assert_eq!(measured.accuracy, 0.5);
    }
}
