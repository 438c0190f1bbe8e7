//! The notebook's samples: windows of 19 calls and the call that follows.

use rand::Rng;

use super::network::Batch;
use super::random::Generator;

/// Calls that a window model sees before the one it predicts.
pub const CONTEXT: usize = 19;

/// How many windows are enough when not all are wanted.
pub const ENOUGH: usize = 20_000;

/// Windows, each `CONTEXT + 1` calls.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    windows: Vec<[u16; CONTEXT + 1]>,
}

impl Windows {
    /// Every window of every trace, in this order; unless `all`, no further trace is begun once
    /// there are more than [`ENOUGH`].
    #[must_use]
    pub fn new<'a>(traces: impl Iterator<Item = &'a [u16]>, all: bool) -> Self {
        let mut windows = Vec::new();
        for calls in traces {
            if !all && windows.len() > ENOUGH {
                break;
            }
            windows.extend(calls.windows(CONTEXT + 1).map(|window| {
                <[u16; CONTEXT + 1]>::try_from(window).expect("windows() gives this length")
            }));
        }
        Self { windows }
    }

    /// Keeps the first windows and returns the last `share` of them, as Keras splits for
    /// validation.
    pub fn split_off(&mut self, share: f64) -> Self {
        let kept = (self.windows.len() as f64 * (1.0 - share)) as usize;
        Self {
            windows: self.windows.split_off(kept),
        }
    }

    /// Repeats each window 0 to `most` times at random (the notebook's "drop-in").
    #[must_use]
    pub fn drop_in(&self, most: usize, generator: &mut Generator) -> Self {
        let repeated = self.windows.iter();
        let repeated = repeated
            .flat_map(|window| std::iter::repeat_n(*window, generator.random_range(0..=most)));
        Self {
            windows: repeated.collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// The windows at these places, as a batch with one lane each.
    #[must_use]
    pub fn batch(&self, places: &[u32]) -> Batch {
        let lanes = places.len();
        let mut batch = Batch {
            lanes,
            ..Batch::default()
        };
        for t in 0..CONTEXT {
            batch
                .inputs
                .extend(places.iter().map(|&place| self.windows[place as usize][t]));
        }
        batch.targets.extend(
            places
                .iter()
                .map(|&place| self.windows[place as usize][CONTEXT]),
        );
        batch.reset = vec![false; lanes * CONTEXT];
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::Windows;

    #[test]
    fn windows_slide_by_one_and_short_traces_have_none() {
        let long: Vec<u16> = (0..22).collect();
        let windows = Windows::new([&long[..], &long[..19]].into_iter(), false);
        assert_eq!(windows.len(), 3);
        let batch = windows.batch(&[2, 0]);
        assert_eq!(batch.targets, [21, 19]);
        assert_eq!(batch.inputs[..4], [2, 0, 3, 1]);
        assert_eq!(batch.inputs.len(), 19 * 2);
    }

    #[test]
    fn the_last_share_is_split_off() {
        let long: Vec<u16> = (0..119).collect();
        let mut windows = Windows::new([&long[..]].into_iter(), false);
        let split = windows.split_off(0.05);
        assert_eq!((windows.len(), split.len()), (95, 5));
        assert_eq!(split.batch(&[0]).inputs[0], 95);
    }
}
