//! When a queue that was long is short again.

/// From this length on a queue leaves memory behind that is worth giving back, bytes.
const LONG: u64 = 16 << 20;

/// Which part of its greatest length a queue may have that is short again.
const SHORT: u64 = 16;

/// Follows the length of a queue.
#[derive(Debug, Default)]
pub(crate) struct Surge {
    longest: u64,
}

impl Surge {
    /// Takes note of the length, bytes.
    pub(crate) fn note(&mut self, bytes: u64) {
        self.longest = self.longest.max(bytes);
    }

    /// Whether it is over, told once: it was long, and is short now.
    pub(crate) fn is_over(&mut self, bytes: u64) -> bool {
        self.note(bytes);
        let over = self.longest >= LONG && bytes <= self.longest / SHORT;
        if over {
            self.longest = bytes;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::{LONG, Surge};

    #[test]
    fn the_end_of_a_long_queue_is_told_once() {
        let mut surge = Surge::default();
        assert!(!surge.is_over(0));
        surge.note(LONG);
        assert!(!surge.is_over(LONG / 2), "it is long still");
        assert!(surge.is_over(LONG / 16));
        assert!(!surge.is_over(0), "it was told");
        surge.note(LONG);
        assert!(surge.is_over(0), "it was long again");
    }

    #[test]
    fn a_queue_that_was_never_long_leaves_nothing_behind() {
        let mut surge = Surge::default();
        surge.note(LONG - 1);
        assert!(!surge.is_over(0));
    }
}
