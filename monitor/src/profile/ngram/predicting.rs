//! Probabilities and surprises of what comes next.

use super::{Cursor, Ngram, NgramError};

impl Ngram {
    /// `p(token | what the cursor stands on)`.
    ///
    /// # Errors
    /// When the token is outside of the vocabulary.
    pub fn probability(&self, cursor: &Cursor, token: u32) -> Result<f64, NgramError> {
        self.probability_next(&mut { *cursor }, token)
    }

    /// `p(token | what the cursor stands on)`; the cursor is moved behind the token. It costs one
    /// look-up for each order.
    ///
    /// # Errors
    /// When the token is outside of the vocabulary; the cursor stays then.
    pub fn probability_next(&self, cursor: &mut Cursor, token: u32) -> Result<f64, NgramError> {
        Ok(self.look_next(cursor, token)?.0)
    }

    /// [`Ngram::probability_next`], and how many of the tokens before `token` were counted together
    /// with it: `None` when not even `token` alone was.
    ///
    /// # Errors
    /// When the token is outside of the vocabulary; the cursor stays then.
    pub fn look_next(
        &self,
        cursor: &mut Cursor,
        token: u32,
    ) -> Result<(f64, Option<usize>), NgramError> {
        self.check(token)?;
        let mut probability = 1.0 / f64::from(self.vocabulary);
        // Every occurrence of an n-gram was counted with all of its endings.
        let mut counted = 0_usize;
        self.step(cursor, token, |context, node| {
            probability = self.trie.smoothed(context, node, probability);
            counted += usize::from(self.trie.is_counted(node));
        });
        Ok((probability, counted.checked_sub(1)))
    }

    /// `−ln p(token | what the cursor stands on)`, nats; the cursor is moved behind the token.
    ///
    /// # Errors
    /// When the token is outside of the vocabulary; the cursor stays then.
    pub fn surprise_next(&self, cursor: &mut Cursor, token: u32) -> Result<f64, NgramError> {
        Ok(-self.probability_next(cursor, token)?.ln())
    }

    /// `−ln p(next | context)`, nats: `context` holds the tokens before `next`, oldest first, not
    /// counting the start of the sequence. Only the last `order − 1` of them matter.
    ///
    /// # Errors
    /// When `next` is outside of the vocabulary.
    pub fn surprise(&self, context: &[u32], next: u32) -> Result<f64, NgramError> {
        let mut cursor = self.middle();
        let last = context.len().saturating_sub(self.order - 1);
        for &token in &context[last..] {
            self.advance(&mut cursor, token);
        }
        self.surprise_next(&mut cursor, next)
    }

    /// The surprise of every token of a sequence from its start, nats.
    ///
    /// # Errors
    /// When a token is outside of the vocabulary.
    pub fn surprises(
        &self,
        sequence: impl IntoIterator<Item = u32>,
    ) -> Result<Vec<f64>, NgramError> {
        let mut cursor = self.start();
        let sequence = sequence.into_iter();
        sequence
            .map(|token| self.surprise_next(&mut cursor, token))
            .collect()
    }

    /// The `most` likeliest of the tokens below `tokens` after what the cursor stands on, likeliest
    /// first, with their probabilities. It looks at every one of them.
    #[must_use]
    pub fn likeliest(&self, cursor: &Cursor, tokens: u32, most: usize) -> Vec<(u32, f64)> {
        let tokens = 0..tokens.min(self.vocabulary);
        let mut all: Vec<_> = tokens
            .filter_map(|token| Some((token, self.probability(cursor, token).ok()?)))
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(most);
        all
    }
}
