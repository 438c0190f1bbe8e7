//! The counts of all n-grams, as a trie in two flat tables.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::MOST_NGRAMS;

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// One n-gram, which is also the context of longer ones.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// How often it occurred.
    count: u32,
    /// How many different tokens followed it.
    types: u32,
    /// How often anything followed it.
    total: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// By parent and token.
    edges: HashMap<u64, u32, BuildHasherDefault<Mixer>>,
}

impl Trie {
    /// The empty n-gram.
    pub(super) const ROOT: u32 = 0;

    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            edges: HashMap::default(),
        }
    }

    /// How many n-grams there are, the empty one left out.
    pub(super) fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// The n-gram `parent` followed by `token`, or [`NONE`].
    pub(super) fn find(&self, parent: u32, token: u32) -> u32 {
        self.edges.get(&key(parent, token)).copied().unwrap_or(NONE)
    }

    /// The n-gram `parent` followed by `token`, added if it is not there; `None` when there are
    /// [`MOST_NGRAMS`] already.
    pub(super) fn find_or_add(&mut self, parent: u32, token: u32) -> Option<u32> {
        match self.edges.entry(key(parent, token)) {
            Entry::Occupied(edge) => Some(*edge.get()),
            Entry::Vacant(_) if self.nodes.len() > MOST_NGRAMS => None,
            Entry::Vacant(edge) => {
                let node = u32::try_from(self.nodes.len()).expect("MOST_NGRAMS is below 2^32");
                self.nodes.push(Node::default());
                Some(*edge.insert(node))
            }
        }
    }

    /// Counts `token` after `context` once, and gives the longer n-gram and whether it is new;
    /// `None` when the trie is full.
    pub(super) fn count(&mut self, context: u32, token: u32) -> Option<(u32, bool)> {
        self.count_many(context, token, 1)
    }

    /// The same, `times` times.
    pub(super) fn count_many(
        &mut self,
        context: u32,
        token: u32,
        times: u32,
    ) -> Option<(u32, bool)> {
        let node = self.find_or_add(context, token)?;
        let longer = &mut self.nodes[node as usize];
        let is_new = longer.count == 0 && times > 0;
        let before = longer.count;
        // Past 2^32 occurrences the shares do not change noticeably any more.
        longer.count = longer.count.saturating_add(times);
        let counted = longer.count - before;
        let context = &mut self.nodes[context as usize];
        context.types += u32::from(is_new);
        context.total += u64::from(counted);
        Some((node, is_new))
    }

    /// Takes one occurrence of `token` after `context` back, and gives the longer n-gram, or
    /// [`NONE`] when that was never counted.
    pub(super) fn uncount(&mut self, context: u32, token: u32) -> u32 {
        let node = self.find(context, token);
        if node == NONE {
            return NONE;
        }
        let longer = &mut self.nodes[node as usize];
        if longer.count == 0 || longer.count == u32::MAX {
            return node;
        }
        longer.count -= 1;
        let is_last = longer.count == 0;
        let context = &mut self.nodes[context as usize];
        context.types -= u32::from(is_last);
        context.total -= 1;
        node
    }

    /// Every n-gram as the number of its context, its last token, its own number and its count, by
    /// context and token.
    pub(super) fn edges(&self) -> Vec<(u32, u32, u32, u32)> {
        let mut edges: Vec<_> = self
            .edges
            .iter()
            .map(|(&key, &node)| {
                #[expect(clippy::cast_possible_truncation, reason = "the halves of the key")]
                let (parent, token) = ((key >> 32) as u32, key as u32);
                (parent, token, node, self.nodes[node as usize].count)
            })
            .collect();
        edges.sort_unstable();
        edges
    }

    /// How often this n-gram occurred, and how often anything followed it.
    pub(super) fn sums(&self, node: u32) -> (u32, u64) {
        let node = &self.nodes[node as usize];
        (node.count, node.total)
    }

    /// How often `token` came after `context`.
    pub(super) fn count_of(&self, context: u32, token: u32) -> f64 {
        f64::from(self.count_at(self.find(context, token)))
    }

    /// Whether this n-gram occurred; never of [`NONE`].
    pub(super) fn is_counted(&self, node: u32) -> bool {
        self.count_at(node) > 0
    }

    /// How often this n-gram occurred; 0 of [`NONE`].
    fn count_at(&self, node: u32) -> u32 {
        match node {
            NONE => 0,
            node => self.nodes[node as usize].count,
        }
    }

    /// The probability of a token after `context`: `node` is the n-gram that they make, or
    /// [`NONE`], and `shorter` the probability without the oldest token of `context`. See the
    /// module `ngram` for the formula.
    pub(super) fn smoothed(&self, context: u32, node: u32, shorter: f64) -> f64 {
        let context = &self.nodes[context as usize];
        if context.total == 0 {
            return shorter;
        }
        #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 calls")]
        let total = context.total as f64;
        let types = f64::from(context.types);
        // Not one fraction: a division of each order would have to wait for that of the order
        // below.
        let part = 1.0 / (total + types);
        f64::from(self.count_at(node)) * part + types * part * shorter
    }
}

const fn key(parent: u32, token: u32) -> u64 {
    (parent as u64) << 32 | token as u64
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): keys are small and regular, and nobody
/// outside chooses node numbers, so a keyed hash would only cost time.
#[derive(Clone, Copy, Debug, Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 ^= key;
    }
}
