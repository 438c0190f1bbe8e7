//! Which part of what is learned is held out together.
//!
//! The monitor's own rule with five folds: lives (threads) that begin and end under the same names
//! are dealt out in turn, so that every fifth of a kind is left out; of a kind that was seen once,
//! fifths of its calls are, all but the first.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use monitor::profile::known::family;
use monitor::syscall::event::Comm;

/// How many parts there are, each held out once.
pub const FOLDS: u8 = 5;

/// Lives that are followed at most, about 32 MB of them.
const MOST: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
struct Life {
    /// Its first name and its last.
    kind: (Comm, Comm),
    /// Lives of its kind before it.
    place: u32,
    calls: u64,
}

/// The lives of all recordings that are learned, in the order in which they begin there.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    lives: Vec<Life>,
    kinds: HashMap<(Comm, Comm), u32>,
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
        self.lives.push(Life {
            kind: (kind, kind),
            place: 0,
            calls: 0,
        });
        Ok(self.lives.len() - 1)
    }

    /// Takes in calls that a life made under a name.
    pub fn add(&mut self, life: usize, comm: Comm, calls: u64) {
        let life = &mut self.lives[life];
        life.calls += calls;
        // A name that stays is the common case, and `family` is asked for every stretch.
        if life.kind.1 != comm {
            life.kind.1 = family(comm);
        }
    }

    /// Deals the lives out, once all are taken in.
    pub fn deal(&mut self) {
        for life in &mut self.lives {
            let lives = self.kinds.entry(life.kind).or_default();
            life.place = *lives;
            *lives += 1;
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// The fold of a life's `call`th call, from 0, once all are dealt out; `None` where it is never
    /// held out.
    #[must_use]
    pub fn fold(&self, life: usize, call: u64) -> Option<u8> {
        let life = &self.lives[life];
        let folds = u64::from(FOLDS);
        if self.kinds.get(&life.kind) == Some(&1) {
            // How it began was seen this once only.
            let fold = (call * folds / life.calls.max(1)).min(folds - 1);
            (fold > 0).then_some(fold as u8)
        } else {
            Some((u64::from(life.place) % folds) as u8)
        }
    }
}

#[cfg(test)]
mod tests {
    use monitor::syscall::event::Comm;

    use super::Lives;

    #[test]
    fn every_fifth_life_of_a_kind_is_left_out_and_of_a_single_one_its_fifths() {
        let mut lives = Lives::default();
        let names = [
            &b"main"[..],
            b"worker-1",
            b"worker-2",
            b"worker-1",
            b"sh",
            b"sh",
        ];
        for name in names {
            let life = lives.begin(Comm::new(name)).expect("room");
            lives.add(life, Comm::new(name), 100);
        }
        lives.add(5, Comm::new(b"date"), 100);
        for name in [b"worker-1"; 4] {
            lives.begin(Comm::new(name)).expect("room");
        }
        lives.deal();
        let folds = |life, calls: &[u64]| -> Vec<_> {
            let folds = calls.iter().map(|&call| lives.fold(life, call));
            folds.collect()
        };
        let fifths = [None, None, Some(1), Some(2), Some(4)];
        assert_eq!(folds(0, &[0, 19, 20, 50, 99]), fifths);
        assert_eq!(folds(4, &[0, 19, 20, 50, 99]), fifths);
        assert_eq!(
            folds(5, &[0, 39, 40, 100, 199]),
            fifths,
            "it became another program"
        );
        let workers: Vec<_> = [1, 2, 3, 6, 7, 8, 9].map(|life| lives.fold(life, 7)).into();
        assert_eq!(workers, [0, 1, 2, 3, 4, 0, 1].map(Some));
    }
}
