//! The windows that the probe keeps in an array, for most threads: read where they are.

use std::io;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed},
    fence,
};

use aya::maps::Map;
use monitor_common::record::{Cause, Window};

use super::mapped::Mapped;

/// Beyond this the hash does: 5 MiB of windows, and a look over the owners takes microseconds.
const MOST: u32 = 1 << 14;

const WORDS: usize = Window::SIZE / size_of::<u64>();
const _: () = assert!(Window::SIZE.is_multiple_of(size_of::<u64>()));

/// Slots where so many threads can be watched at a time: a power of two.
#[must_use]
pub(super) const fn count(max_threads: u32) -> u32 {
    let bounded = if max_threads < MOST {
        max_threads
    } else {
        MOST
    };
    match bounded.checked_ilog2() {
        Some(bits) => 1 << bits,
        None => 1,
    }
}

/// The reading end of the probe's slots.
pub(super) struct ThreadSlots {
    owners: Mapped,
    windows: Mapped,
}

impl ThreadSlots {
    pub(super) fn map(owners: Map, windows: Map, slots: u32) -> io::Result<Self> {
        let slots = slots as usize;
        Ok(Self {
            owners: Mapped::new(owners, slots, false)?,
            windows: Mapped::new(windows, slots * WORDS, false)?,
        })
    }

    /// Copies of the windows that hold calls, with `empty_too` of all others as well. One that
    /// another thread took over, or that was sent, while it was copied is left out: its calls come
    /// by the ring.
    pub(super) fn windows(&self, empty_too: bool) -> impl Iterator<Item = Window> {
        let windows = self.windows.words().chunks_exact(WORDS);
        let owned = self.owners.words().iter().zip(windows);
        owned.filter_map(move |(owner, words)| {
            let before = owner.load(Acquire);
            if before == 0 {
                return None;
            }
            let window = copy(words)?;
            let wanted = (window.len > 0 || empty_too) && window.cause != Cause::Left as u32;
            (wanted && owner.load(Relaxed) == before).then_some(window)
        })
    }
}

fn copy(words: &[AtomicU64]) -> Option<Window> {
    let identity = || {
        words[Window::IDENTITY]
            .iter()
            .map(|word| word.load(Relaxed))
    };
    let before: Vec<u64> = identity().collect();
    fence(Acquire);
    let mut bytes = [0; Window::SIZE];
    for (word, place) in words.iter().zip(bytes.chunks_exact_mut(size_of::<u64>())) {
        place.copy_from_slice(&word.load(Relaxed).to_ne_bytes());
    }
    fence(Acquire);
    identity().eq(before).then(|| Window::from_bytes(&bytes))?
}

#[cfg(test)]
mod tests {
    use super::{MOST, count};

    #[test]
    fn slots_are_a_power_of_two_within_what_was_asked_for() {
        let counts = [0, 1, 2, 3, 16, 10_240, 32_768].map(count);
        assert_eq!(counts, [1, 1, 2, 2, 16, 8192, MOST]);
    }
}
