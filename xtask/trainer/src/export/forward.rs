//! The trainer's own forward pass over whole traces.

use crate::train::lanes::Lanes;
use crate::train::network::Network;
use crate::train::preset::Architecture;
use crate::train::windows::{CONTEXT, Windows};

/// The surprise of every call that the model predicts in a trace, in nats: all calls for a stateful
/// model, those from the 20th on for a window model.
#[must_use]
pub fn surprises(
    architecture: &Architecture,
    network: &Network,
    parameters: &[f32],
    calls: &[u16],
) -> Vec<f32> {
    match architecture {
        Architecture::Lm { .. } => {
            if calls.is_empty() {
                return Vec::new();
            }
            let batch = Lanes::new(std::iter::once(calls), 1, calls.len()).batch(0, 0..1);
            network.surprises(parameters, &batch, &mut network.zero_states(1))
        }
        Architecture::Notebook { .. } => {
            let windows = Windows::new(std::iter::once(calls), true);
            let places: Vec<u32> = (0..calls.len().saturating_sub(CONTEXT) as u32).collect();
            let parts = places.chunks(64);
            parts
                .flat_map(|part| {
                    let batch = windows.batch(part);
                    network.surprises(parameters, &batch, &mut network.zero_states(part.len()))
                })
                .collect()
        }
    }
}
