//! Random numbers that depend on the seed and on what they are for, never on who draws first.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A generator with a stable sequence (ChaCha with 8 rounds).
pub type Generator = ChaCha8Rng;

/// What numbers are drawn for. Each use has a sequence of its own, so that a change in one place
/// does not shift the numbers of another.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Use {
    /// The first values of the parameters.
    Initial = 1,
    /// Which traces are held out.
    Split = 2,
    /// The order of traces or windows in an epoch.
    Order = 3,
    /// Which calls are replaced by "unknown".
    Unknown = 4,
    /// Dropout masks.
    Dropout = 5,
    /// How often a sample is repeated by the drop-in augmentation.
    DropIn = 6,
    /// The order in which what is compared is measured.
    Bench = 7,
    /// What a client of the scenario suite does next.
    Load = 8,
    /// In which order a service is attacked.
    Attack = 9,
}

/// The generator for one use; `place` tells, say, the epoch, the step and the group of lanes.
#[must_use]
pub fn generator(seed: u64, purpose: Use, place: [u64; 2]) -> Generator {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8] = purpose as u8;
    key[16..24].copy_from_slice(&place[0].to_le_bytes());
    key[24..].copy_from_slice(&place[1].to_le_bytes());
    Generator::from_seed(key)
}

/// Puts `items` into a random order.
pub fn shuffle<T>(items: &mut [T], generator: &mut Generator) {
    items.shuffle(generator);
}

/// A uniform value in `[0, 1)`.
pub fn uniform(generator: &mut Generator) -> f64 {
    generator.random::<f64>()
}

/// A value of the standard normal distribution (Box and Muller).
pub fn normal(generator: &mut Generator) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(generator)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(generator)).cos()
}
