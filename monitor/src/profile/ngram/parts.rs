//! A model taken apart to plain numbers, put together from them, and joined with another.

use thiserror::Error;

use super::trie::Trie;
use super::{MOST_NGRAMS, Ngram, NgramError};

/// One n-gram of a model in parts. They stand in depth-first order, those of one context by rising
/// token, so the last node before it with a smaller `length` by one is its context.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Node {
    /// How many tokens it has, 1 to the model's order.
    pub length: u8,
    /// Its last token; the size of the vocabulary stands for the start of a sequence.
    pub token: u32,
    /// How often it occurred; 0 of the start of a sequence alone.
    pub count: u32,
}

/// Why parts are no model.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PartsError {
    /// Order or vocabulary are not usable.
    #[error(transparent)]
    Shape(#[from] NgramError),
    /// There are more n-grams than a model holds.
    #[error("it has more than {MOST_NGRAMS} n-grams")]
    TooMany,
    /// An n-gram stands where none can.
    #[error("its {0}th n-gram is out of order")]
    Order(usize),
    /// An n-gram was never seen, or more often than its context.
    #[error("its {0}th n-gram has a count that cannot be")]
    Count(usize),
}

impl Ngram {
    /// Every n-gram that it counted, see [`Node`].
    #[must_use]
    pub fn nodes(&self) -> Vec<Node> {
        let edges = self.trie.edges();
        let mut nodes = Vec::new();
        // By node: where its longer n-grams begin in `edges` is found by halving.
        let children = |node: u32| {
            let from = edges.partition_point(|edge| edge.0 < node);
            let to = edges.partition_point(|edge| edge.0 <= node);
            from..to
        };
        let mut open = vec![children(Trie::ROOT)];
        while let Some(range) = open.last_mut() {
            let Some(edge) = range.next() else {
                open.pop();
                continue;
            };
            let (_, token, node, count) = edges[edge];
            let counted = count > 0 || token == self.vocabulary;
            if !counted {
                continue;
            }
            // HIGHEST_ORDER fits into a byte.
            let length = u8::try_from(open.len()).unwrap_or(u8::MAX);
            nodes.push(Node {
                length,
                token,
                count,
            });
            open.push(children(node));
        }
        nodes
    }

    /// The model of [`Ngram::nodes`] that learned so many tokens and left so many uncounted.
    ///
    /// # Errors
    /// When the parts are not those of a model.
    pub fn from_nodes(
        order: usize,
        vocabulary: u32,
        (learned, uncounted): (u64, u64),
        nodes: &[Node],
    ) -> Result<Self, PartsError> {
        let mut model = Self::new(order, vocabulary)?;
        if nodes.len() > MOST_NGRAMS {
            return Err(PartsError::TooMany);
        }
        // The path to the node before: its numbers, and its tokens.
        let mut path = vec![(Trie::ROOT, 0)];
        for (place, node) in nodes.iter().enumerate() {
            let length = usize::from(node.length);
            let in_place = (1..=order).contains(&length) && length <= path.len();
            let follows = path.get(length).is_none_or(|&(_, last)| last < node.token);
            if !in_place || !follows || node.token > vocabulary {
                return Err(PartsError::Order(place));
            }
            let is_start = node.token == vocabulary;
            if is_start != (node.count == 0) {
                return Err(PartsError::Count(place));
            }
            path.truncate(length);
            let (context, token) = path[length - 1];
            let number = model.trie.count_many(context, node.token, node.count);
            let (number, _) = number.ok_or(PartsError::TooMany)?;
            let (count, total) = model.trie.sums(context);
            let limit = if context == Trie::ROOT {
                learned
            } else if token == vocabulary {
                // A sequence begins any number of times.
                learned
            } else {
                count.into()
            };
            if total > limit {
                return Err(PartsError::Count(place));
            }
            path.push((number, node.token));
        }
        model.learned = learned;
        model.uncounted = uncounted;
        Ok(model)
    }

    /// Adds the counts of another model, whose token `t` is this one's `tokens(t)`. What finds no
    /// room is counted as [uncounted](Ngram::uncounted).
    ///
    /// # Errors
    /// When a token comes out of the vocabulary; nothing is added then.
    pub fn merge(&mut self, other: &Self, tokens: impl Fn(u32) -> u32) -> Result<(), NgramError> {
        let nodes = other.nodes();
        let mapped = |token| {
            if token == other.vocabulary {
                self.vocabulary
            } else {
                tokens(token)
            }
        };
        for node in nodes.iter().filter(|node| node.token < other.vocabulary) {
            self.check(mapped(node.token))?;
        }
        let mapped: Vec<_> = nodes.iter().map(|node| mapped(node.token)).collect();
        let mut path = vec![Some(Trie::ROOT)];
        let order = self.order;
        for (node, token) in nodes.iter().zip(mapped) {
            let length = usize::from(node.length);
            path.truncate(length);
            let context = path[length - 1].filter(|_| length <= order);
            let number = context.and_then(|it| self.trie.count_many(it, token, node.count));
            if number.is_none() && length <= order {
                self.uncounted = self.uncounted.saturating_add(node.count.into());
            }
            path.push(number.map(|(number, _)| number));
        }
        self.learned = self.learned.saturating_add(other.learned);
        self.uncounted = self.uncounted.saturating_add(other.uncounted);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
