//! How mismatches of a thread become one alarm.

use std::ops::Range;

/// Sequences of the locality frame (Hofmeyr, Forrest & Somayaji 1998, there called the locality
/// frame count).
pub const FRAME: u32 = 20;

/// Calls for which the frame must be clean before the thread can alarm again: those of the
/// monitor's own episodes.
const CLEAN: u32 = 100;

/// The last mismatches of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Episode {
    frame: u32,
    clean: u32,
    /// Most mismatches in the frame since it was clean for long enough.
    peak: u32,
}

impl Episode {
    /// Takes the next call. The thresholds that the frame exceeds now for the first time in this
    /// episode: `t` is one of them when there are more than `t` mismatches in the frame.
    pub fn push(&mut self, mismatch: bool) -> Range<u32> {
        self.frame = (self.frame << 1 | u32::from(mismatch)) & ((1 << FRAME) - 1);
        if self.frame == 0 {
            self.clean = (self.clean + 1).min(CLEAN);
            if self.clean == CLEAN {
                self.peak = 0;
            }
            return 0..0;
        }
        self.clean = 0;
        let before = self.peak;
        self.peak = before.max(self.frame.count_ones());
        before..self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::{CLEAN, Episode, FRAME};

    #[test]
    fn a_threshold_is_exceeded_once_until_the_frame_was_clean_for_a_hundred_calls() {
        let mut episode = Episode::default();
        assert_eq!(episode.push(false), 0..0);
        assert_eq!(episode.push(true), 0..1);
        assert_eq!(episode.push(true), 1..2);
        for _ in 0..FRAME + CLEAN - 2 {
            assert!(episode.push(false).is_empty());
        }
        assert!(episode.push(true).is_empty(), "clean for 99 calls only");
        for _ in 0..FRAME + CLEAN - 1 {
            assert!(episode.push(false).is_empty());
        }
        assert_eq!(episode.push(true), 0..1);
    }

    #[test]
    fn the_frame_holds_twenty() {
        let mut episode = Episode::default();
        let exceeded: u32 = (0..50).map(|_| episode.push(true).len() as u32).sum();
        assert_eq!(exceeded, FRAME);
    }
}
