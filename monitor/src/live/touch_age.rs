//! How old what was told of touches is, so that it is told again in time.

use std::io;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, Release},
};
use std::time::Instant;

use aya::maps::Map;
use monitor_common::touch::TOLD_FOR_S;

use super::mapped::Mapped;

/// The age in [`monitor_common::names::TOUCH_AGE`].
pub(super) struct TouchAge {
    mapped: Mapped,
    begun: Instant,
    /// How often all was to be told again.
    renewed: AtomicU64,
}

impl TouchAge {
    /// Maps it into memory.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(super) fn map(map: Map) -> io::Result<Self> {
        Ok(Self::of(Mapped::new(map, 1, true)?))
    }

    fn of(mapped: Mapped) -> Self {
        Self {
            mapped,
            begun: Instant::now(),
            renewed: AtomicU64::new(0),
        }
    }

    /// Time has passed.
    pub(super) fn pass(&self) {
        let renewed = self.renewed.load(Relaxed).wrapping_mul(TOLD_FOR_S);
        let age = self.begun.elapsed().as_secs().wrapping_add(renewed);
        self.mapped.words()[0].store(age, Release);
    }

    /// All that is touched from now on is told again.
    pub(super) fn renew(&self) {
        self.renewed.fetch_add(1, Relaxed);
        self.pass();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use monitor_common::touch::{TOLD_FOR_S, told_in};

    use super::{Mapped, TouchAge};

    #[test]
    fn every_thing_is_told_again_once_in_a_span_and_not_all_at_once() {
        let changes = |hash: u64, ages: std::ops::Range<u64>| {
            let mut ages = ages.map(|age| told_in(hash, age));
            let mut before = ages.next();
            ages.filter(|&it| before.replace(it) != Some(it)).count()
        };
        for hash in [0, 1, 4095, 4096, 77_777, u64::MAX] {
            assert_eq!(changes(hash, 0..TOLD_FOR_S + 1), 1, "{hash}");
            assert_eq!(changes(hash, 100..10 * TOLD_FOR_S + 101), 10, "{hash}");
        }
        let at_once = (0..10_000).filter(|&hash| changes(hash, 500..502) > 0);
        assert!(at_once.count() < 10);
    }

    #[test]
    fn what_is_renewed_is_told_again_at_once_whatever_time_has_passed() {
        let age = TouchAge::of(Mapped::of_memory(1).expect("memory"));
        let now = || age.mapped.words()[0].load(Relaxed);
        age.pass();
        let before = now();
        age.renew();
        for hash in 0..10_000 {
            assert_ne!(told_in(hash, before), told_in(hash, now()), "{hash}");
        }
        let renewed = now();
        age.pass();
        assert!(now() - renewed < 60, "time alone goes on");
    }
}
