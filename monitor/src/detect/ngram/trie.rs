//! The counts of all n-grams, as a trie in two flat tables.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

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
    pub const ROOT: u32 = 0;

    pub fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            edges: HashMap::default(),
        }
    }

    /// How many n-grams there are, the empty one left out.
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// The n-gram `parent` followed by `token`, or [`NONE`].
    pub fn find(&self, parent: u32, token: u32) -> u32 {
        self.edges.get(&key(parent, token)).copied().unwrap_or(NONE)
    }

    pub fn find_or_add(&mut self, parent: u32, token: u32) -> u32 {
        *self.edges.entry(key(parent, token)).or_insert_with(|| {
            self.nodes.push(Node::default());
            u32::try_from(self.nodes.len() - 1).expect("2^32 nodes do not fit in memory")
        })
    }

    /// Counts `token` after `context` once, and gives the longer n-gram.
    pub fn count(&mut self, context: u32, token: u32) -> u32 {
        let node = self.find_or_add(context, token);
        let longer = &mut self.nodes[node as usize];
        let is_new = longer.count == 0;
        // Past 2^32 occurrences the shares do not change noticeably any more.
        let counted = longer.count < u32::MAX;
        longer.count = longer.count.saturating_add(1);
        let context = &mut self.nodes[context as usize];
        context.types += u32::from(is_new);
        context.total += u64::from(counted);
        node
    }

    /// How often `token` came after `context`.
    pub fn count_of(&self, context: u32, token: u32) -> f64 {
        match self.find(context, token) {
            NONE => 0.0,
            node => f64::from(self.nodes[node as usize].count),
        }
    }

    /// How often anything came after `context`, and how many different tokens did.
    pub fn followers(&self, context: u32) -> (f64, f64) {
        let node = &self.nodes[context as usize];
        #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 calls")]
        let total = node.total as f64;
        (total, f64::from(node.types))
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
