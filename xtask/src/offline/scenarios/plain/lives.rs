//! Which part of what is learned is held out together.
//!
//! The monitor's own rule with five folds: lives (threads) that begin under the same name are dealt out in turn, so that every
//! fifth of a kind is left out; of a kind that was seen once, fifths of its calls are.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use monitor::detect::profile::known::family;
use monitor::syscall::event::Comm;

/// How many parts there are, each held out once.
pub const FOLDS: u8 = 5;

/// Lives that are followed at most, about 32 MB of them.
const MOST: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
struct Life {
    kind: Comm,
    /// Lives of its kind before it.
    place: u32,
    calls: u64,
}

/// The lives of all recordings that are learned, in the order in which they begin there.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    lives: Vec<Life>,
    kinds: HashMap<Comm, u32>,
}

impl Lives {
    /// Takes in a life that begins under a name; its number.
    ///
    /// # Errors
    ///
    /// There are too many.
    pub fn begin(&mut self, comm: Comm) -> Result<usize> {
        ensure!(
            self.lives.len() < MOST,
            "the recordings hold more than {MOST} threads; learn from fewer"
        );
        let kind = family(comm);
        let lives = self.kinds.entry(kind).or_default();
        self.lives.push(Life {
            kind,
            place: *lives,
            calls: 0,
        });
        *lives += 1;
        Ok(self.lives.len() - 1)
    }

    /// Counts calls of a life.
    pub fn add(&mut self, life: usize, calls: u64) {
        self.lives[life].calls += calls;
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// The fold of a life's `call`th call, from 0, once all are taken in.
    #[must_use]
    pub fn fold(&self, life: usize, call: u64) -> u8 {
        let life = &self.lives[life];
        let folds = u64::from(FOLDS);
        let fold = match self.kinds.get(&life.kind) {
            Some(1) => call * folds / life.calls.max(1),
            _ => u64::from(life.place) % folds,
        };
        fold.min(folds - 1) as u8
    }
}

#[cfg(test)]
mod tests {
    use monitor::syscall::event::Comm;

    use super::Lives;

    #[test]
    fn every_fifth_life_of_a_kind_is_left_out_and_of_a_single_one_its_fifths() {
        let mut lives = Lives::default();
        for name in [&b"main"[..], b"worker", b"worker", b"worker"] {
            let life = lives.begin(Comm::new(name)).expect("room");
            lives.add(life, 100);
        }
        for _ in 0..4 {
            lives.begin(Comm::new(b"worker")).expect("room");
        }
        let single: Vec<_> = [0, 19, 20, 50, 99].map(|call| lives.fold(0, call)).into();
        assert_eq!(single, [0, 0, 1, 2, 4]);
        let workers: Vec<_> = (1..8).map(|life| lives.fold(life, 7)).collect();
        assert_eq!(workers, [0, 1, 2, 3, 4, 0, 1]);
    }
}
