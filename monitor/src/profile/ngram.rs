//! A smoothed back-off model over sequences of tokens: the baseline beside the LSTM, and what a
//! service's own calls are learned with.
//!
//! Interpolated Witten–Bell smoothing (Witten & Bell 1991, method C; in the interpolated form of
//! Chen & Goodman 1999, section 2.6): with `c(h·)` the times that context `h` was followed by
//! anything and `t(h)` the number of different tokens that followed it,
//!
//! `p(w | h) = (c(h w) + t(h) · p(w | h′)) / (c(h·) + t(h))`,
//!
//! where `h′` is `h` without its oldest token, and below the empty context stands the uniform
//! distribution. A context that was never seen gives way to the shorter one. Nothing needs to be
//! tuned, and the probabilities of all tokens sum to one.
//!
//! Every context is a node of a trie, found by its parent's number and a token in one hash map: a
//! node takes 16 bytes and its entry in the map 12 and a little. A [`Cursor`] stands on the nodes
//! of all suffixes of what came before, so a step costs one look-up for each order.

mod trie;

mod learning;

mod predicting;

mod parts;

use thiserror::Error;

pub use parts::{Node, PartsError};
use trie::{NONE, Trie};

/// The highest order that is allowed.
pub const HIGHEST_ORDER: usize = 16;

/// Different n-grams that a model holds at most, about 200 MB of them: what comes after is not
/// counted, so that nobody who makes calls up can fill the memory.
pub const MOST_NGRAMS: usize = 1 << 22;

/// Why an n-gram model cannot do what it was asked.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum NgramError {
    /// The order is not usable.
    #[error("an n-gram model has an order of 1 to {HIGHEST_ORDER}, not {0}")]
    Order(usize),
    /// There is nothing to predict, or no number left for the start of a trace.
    #[error("an n-gram model has a vocabulary of 1 to 2^32 - 2 tokens, not {0}")]
    Vocabulary(u32),
    /// The token is none of the vocabulary's.
    #[error("token {token} is outside of the vocabulary of {vocabulary}")]
    Token {
        /// The token.
        token: u32,
        /// The size of the vocabulary.
        vocabulary: u32,
    },
}

/// An n-gram model of tokens from 0 to below the size of its vocabulary.
#[derive(Clone, Debug)]
pub struct Ngram {
    order: usize,
    vocabulary: u32,
    trie: Trie,
    /// The nodes of 0, 1, … `order − 1` start tokens.
    start: [u32; HIGHEST_ORDER],
    learned: u64,
    /// Occurrences of n-grams beyond [`MOST_NGRAMS`].
    uncounted: u64,
}

/// Where one sequence stands: the contexts that its next token is predicted from.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    /// By length; [`NONE`] for a context that was never seen.
    contexts: [u32; HIGHEST_ORDER],
}

impl Ngram {
    /// A model that has seen nothing: every token is as likely as every other. `order` is the
    /// length of the longest n-gram, one more than the tokens that it looks back on.
    ///
    /// # Errors
    /// When the order or the vocabulary is not usable.
    pub fn new(order: usize, vocabulary: u32) -> Result<Self, NgramError> {
        if !(1..=HIGHEST_ORDER).contains(&order) {
            return Err(NgramError::Order(order));
        }
        if vocabulary == 0 || vocabulary == u32::MAX {
            return Err(NgramError::Vocabulary(vocabulary));
        }
        let mut trie = Trie::new();
        let mut start = [NONE; HIGHEST_ORDER];
        start[0] = Trie::ROOT;
        for length in 1..order {
            // The start token is context only: it is never counted, so it takes no probability.
            let longer = trie.find_or_add(start[length - 1], vocabulary);
            start[length] = longer.expect("a new trie has room");
        }
        Ok(Self {
            order,
            vocabulary,
            trie,
            start,
            learned: 0,
            uncounted: 0,
        })
    }

    /// The length of its longest n-gram.
    #[must_use]
    pub const fn order(&self) -> usize {
        self.order
    }

    /// The number of tokens.
    #[must_use]
    pub const fn vocabulary(&self) -> u32 {
        self.vocabulary
    }

    /// How many tokens it learned from.
    #[must_use]
    pub const fn learned(&self) -> u64 {
        self.learned
    }

    /// Tokens of which some n-gram was not counted, because the model is full ([`MOST_NGRAMS`]).
    #[must_use]
    pub const fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// How many different n-grams of all lengths it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trie.len()
    }

    /// Whether it has seen nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.learned == 0
    }

    /// The beginning of a sequence.
    #[must_use]
    pub const fn start(&self) -> Cursor {
        Cursor {
            contexts: self.start,
        }
    }

    /// A place in the middle of a sequence whose earlier tokens are unknown.
    #[must_use]
    pub const fn middle(&self) -> Cursor {
        let mut contexts = [NONE; HIGHEST_ORDER];
        contexts[0] = Trie::ROOT;
        Cursor { contexts }
    }

    /// How often the model learned this n-gram, at most [`Ngram::order`] tokens; 0 of a longer one.
    #[must_use]
    pub fn count(&self, tokens: &[u32]) -> f64 {
        let Some((&last, context)) = tokens.split_last() else {
            return 0.0;
        };
        let mut node = Trie::ROOT;
        for &token in context {
            node = self.trie.find(node, token);
            if node == NONE {
                return 0.0;
            }
        }
        self.trie.count_of(node, last)
    }

    fn check(&self, token: u32) -> Result<(), NgramError> {
        let vocabulary = self.vocabulary;
        if token < vocabulary {
            Ok(())
        } else {
            Err(NgramError::Token { token, vocabulary })
        }
    }

    /// Moves a cursor behind `token` without learning it.
    pub fn advance(&self, cursor: &mut Cursor, token: u32) {
        self.step(cursor, token, |_, _| ());
    }

    /// Moves a cursor behind `token`, telling each context that it stood on, the shortest first,
    /// with the n-gram that context and token make, which is [`NONE`] if it was never seen.
    #[inline]
    fn step(&self, cursor: &mut Cursor, token: u32, mut each: impl FnMut(u32, u32)) {
        let mut next = Trie::ROOT;
        for place in &mut cursor.contexts[..self.order] {
            let context = std::mem::replace(place, next);
            next = NONE;
            if context != NONE {
                next = self.trie.find(context, token);
                each(context, next);
            }
        }
    }
}

#[cfg(test)]
mod tests;
