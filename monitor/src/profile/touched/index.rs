//! Which things stand for others: a folder of many children for all of them, a port reached at many
//! addresses for all addresses of the kind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use crate::detail::access::Effect;
use crate::detail::address::Reach;
use crate::detail::path::is_exact;
use crate::detail::{Address, Contact, Detail, PathText};

/// Children of a folder from which on it is read, or written to, by whatever name. An assumption: a
/// program that made up four names makes up a fifth, while a dozen files that are read may be a
/// fixed set of a dozen.
const MANY_READ: usize = 12;
const MANY_CHANGED: usize = 4;

/// Addresses with the same port, or ports at the same address, from which on any will do.
const MANY_ADDRESSES: usize = 8;

/// What is known of things beside their own names.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// By effect; files that are run or mounted on stand for themselves only.
    reads: Node,
    changes: Node,
    enters: Node,
    ports: HashMap<(Contact, Reach, u16), HashSet<IpAddr>>,
    hosts: HashMap<(Contact, IpAddr), HashSet<u16>>,
}

/// A folder, by what is known of its children.
#[derive(Clone, Debug, Default)]
struct Node {
    children: BTreeMap<Box<[u8]>, Node>,
    any: Option<Box<Node>>,
    /// Whether a thing ends here.
    ends: bool,
}

impl Index {
    pub(super) fn of<'a>(details: impl IntoIterator<Item = &'a Detail>) -> Self {
        let mut index = Self::default();
        details.into_iter().for_each(|detail| index.add(detail));
        index
    }

    pub(super) fn add(&mut self, detail: &Detail) {
        match detail {
            Detail::Path(access, path) => {
                let (tree, many) = match access.effect() {
                    Effect::Reads => (&mut self.reads, MANY_READ),
                    Effect::Enters => (&mut self.enters, MANY_READ),
                    Effect::Changes => (&mut self.changes, MANY_CHANGED),
                    Effect::Runs | Effect::Mounts => return,
                };
                let parts = parts(path);
                tree.add(&parts, 0, many);
            }
            Detail::Address(contact, Address::Internet(ip, Some(port))) => {
                let same_port = (*contact, Reach::of(*ip), *port);
                self.ports.entry(same_port).or_default().insert(*ip);
                self.hosts.entry((*contact, *ip)).or_default().insert(*port);
            }
            _ => {}
        }
    }

    /// Whether other things that are known make this no news.
    pub(super) fn covers(&self, detail: &Detail) -> bool {
        match detail {
            Detail::Path(access, path) => match access.effect() {
                // Who writes a file knows what is in it.
                Effect::Reads => {
                    let parts = parts(path);
                    self.reads.holds(&parts) || self.changes.holds(&parts)
                }
                Effect::Changes => self.changes.holds(&parts(path)),
                Effect::Enters => self.enters.holds(&parts(path)),
                Effect::Runs | Effect::Mounts => false,
            },
            Detail::Address(contact, Address::Internet(ip, Some(port))) => {
                let many = |known: Option<usize>| known.is_some_and(|it| it >= MANY_ADDRESSES);
                let same_port = (*contact, Reach::of(*ip), *port);
                Reach::of(*ip) != Reach::Metadata
                    && (many(self.ports.get(&same_port).map(HashSet::len))
                        || many(self.hosts.get(&(*contact, *ip)).map(HashSet::len)))
            }
            _ => false,
        }
    }

    /// Whether a wildcard is what makes it no news.
    pub(super) fn is_wild(&self, detail: &Detail) -> bool {
        match detail {
            Detail::Path(access, path) => match access.effect() {
                Effect::Reads => self.reads.is_wild(&parts(path)),
                Effect::Changes => self.changes.is_wild(&parts(path)),
                Effect::Enters => self.enters.is_wild(&parts(path)),
                Effect::Runs | Effect::Mounts => false,
            },
            Detail::Address(..) => self.covers(detail),
            _ => false,
        }
    }

    pub(super) fn changes(&self, path: &PathText) -> bool {
        self.changes.holds(&parts(path))
    }
}

/// The components; a relative path's first is empty, so that it is never taken for an absolute one.
fn parts(path: &PathText) -> Vec<&[u8]> {
    let mut parts: Vec<&[u8]> = path.components().collect();
    if path.is_absolute() {
        parts.remove(0);
    } else {
        parts.insert(0, b"");
    }
    parts
}

/// Whether the children of a folder stay by name however many they are.
fn is_fixed(folder: &[&[u8]]) -> bool {
    let temporary = matches!(folder, [b"tmp"] | [b"var", b"tmp"] | [b"dev", b"shm"]);
    let system = matches!(
        folder.first().copied(),
        Some(b"usr" | b"lib" | b"lib64" | b"sys" | b"run" | b"dev")
    );
    let shallow = folder.len() < 2 || folder.len() == 2 && folder[0] == b"var";
    !temporary && (shallow || is_exact(folder) || system && folder.len() < 4)
}

impl Node {
    fn add(&mut self, parts: &[&[u8]], place: usize, many: usize) {
        let Some(&part) = parts.get(place) else {
            self.ends = true;
            return;
        };
        if let Some(any) = &mut self.any {
            return any.add(parts, place + 1, many);
        }
        let child = self.children.entry(part.into()).or_default();
        child.add(parts, place + 1, many);
        if self.children.len() >= many && !is_fixed(&parts[..place]) {
            let mut all = Self::default();
            for (_, child) in std::mem::take(&mut self.children) {
                all.join(child);
            }
            let mut folder = parts[..place].to_vec();
            folder.push(b"");
            all.collapse(&mut folder, many);
            self.any = Some(Box::new(all));
        }
    }

    fn join(&mut self, other: Self) {
        self.ends |= other.ends;
        for (part, child) in other.children {
            self.children.entry(part).or_default().join(child);
        }
        if let Some(any) = other.any {
            self.any.get_or_insert_default().join(*any);
        }
    }

    /// After folders were joined: together they may have many children.
    fn collapse(&mut self, folder: &mut Vec<&[u8]>, many: usize) {
        if self.any.is_some() || self.children.len() >= many && !is_fixed(folder) {
            let mut all = self.any.take().map(|any| *any).unwrap_or_default();
            for (_, child) in std::mem::take(&mut self.children) {
                all.join(child);
            }
            folder.push(b"");
            all.collapse(folder, many);
            folder.pop();
            self.any = Some(Box::new(all));
        }
    }

    fn holds(&self, parts: &[&[u8]]) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return self.ends;
        };
        let child = self.children.get(*part);
        child.is_some_and(|child| child.holds(rest))
            || self.any.as_ref().is_some_and(|any| any.holds(rest))
    }

    fn is_wild(&self, parts: &[&[u8]]) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return false;
        };
        self.any.as_ref().is_some_and(|any| any.holds(rest))
            || self
                .children
                .get(*part)
                .is_some_and(|child| child.is_wild(rest))
    }
}
