//! Counting n-grams, and taking back what was counted.

use super::trie::{NONE, Trie};
use super::{Cursor, HIGHEST_ORDER, Ngram, NgramError};

impl Ngram {
    /// Counts `token` after what the cursor stands on, and moves the cursor behind it. True when
    /// the model had not counted the longest n-gram that ends with it, of [`Ngram::order`] tokens,
    /// before.
    ///
    /// # Errors
    /// When the token is outside of the vocabulary; nothing is counted then.
    pub fn learn_next(&mut self, cursor: &mut Cursor, token: u32) -> Result<bool, NgramError> {
        self.check(token)?;
        let mut next = [NONE; HIGHEST_ORDER];
        next[0] = Trie::ROOT;
        let mut is_new = false;
        for length in 0..self.order {
            // A context unseen when the cursor came here may be known by now, but it has no count
            // for this occurrence: such a cursor was moved by `advance`.
            let context = cursor.contexts[length];
            if context == NONE {
                break;
            }
            let Some((node, first)) = self.trie.count(context, token) else {
                self.uncounted += 1;
                is_new = true;
                break;
            };
            if length + 1 < self.order {
                next[length + 1] = node;
            } else {
                is_new = first;
            }
        }
        cursor.contexts = next;
        self.learned += 1;
        Ok(is_new)
    }

    /// Takes back what [`Ngram::learn_next`] counted when a cursor stood here and the token came,
    /// and moves the cursor behind it: the model is then as if it had never learned that occurrence
    /// (exact below 2^32 occurrences of one n-gram). Only take back what was learned.
    ///
    /// # Errors
    /// When the token is outside of the vocabulary; nothing is taken back then.
    pub fn unlearn_next(&mut self, cursor: &mut Cursor, token: u32) -> Result<(), NgramError> {
        self.check(token)?;
        let mut next = [NONE; HIGHEST_ORDER];
        next[0] = Trie::ROOT;
        for length in 0..self.order {
            let context = cursor.contexts[length];
            if context == NONE {
                break;
            }
            let node = self.trie.uncount(context, token);
            if node == NONE {
                self.uncounted = self.uncounted.saturating_sub(1);
                break;
            }
            if length + 1 < self.order {
                next[length + 1] = node;
            }
        }
        cursor.contexts = next;
        self.learned = self.learned.saturating_sub(1);
        Ok(())
    }

    /// Learns a whole sequence from its start.
    ///
    /// # Errors
    /// When a token is outside of the vocabulary; what stands before it is learned then.
    pub fn learn(&mut self, sequence: impl IntoIterator<Item = u32>) -> Result<(), NgramError> {
        let mut cursor = self.start();
        for token in sequence {
            self.learn_next(&mut cursor, token)?;
        }
        Ok(())
    }
}
