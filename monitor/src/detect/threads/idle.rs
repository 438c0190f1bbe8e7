//! Slots in the order in which they were last used, each step in constant time.

/// No slot.
const NONE: u32 = u32::MAX;

/// A doubly linked list over slot numbers, the longest unused first.
#[derive(Debug, Default)]
pub(super) struct IdleOrder {
    links: Vec<Link>,
    ends: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
}

impl IdleOrder {
    /// Adds a slot that is not in the list, as the one used last.
    pub(super) fn push(&mut self, slot: u32) {
        let place = slot as usize;
        if self.links.len() <= place {
            let none = Link {
                before: NONE,
                after: NONE,
            };
            self.links.resize(place + 1, none);
        }
        let last = self.ends.map_or(NONE, |(_, last)| last);
        self.links[place] = Link {
            before: last,
            after: NONE,
        };
        if let Some(link) = self.links.get_mut(last as usize) {
            link.after = slot;
        }
        self.ends = Some((self.ends.map_or(slot, |(first, _)| first), slot));
    }

    /// Takes a slot that is in the list out of it.
    pub(super) fn remove(&mut self, slot: u32) {
        let Link { before, after } = self.links[slot as usize];
        if let Some(link) = self.links.get_mut(before as usize) {
            link.after = after;
        }
        if let Some(link) = self.links.get_mut(after as usize) {
            link.before = before;
        }
        if let Some((first, last)) = self.ends {
            let first = if first == slot { after } else { first };
            let last = if last == slot { before } else { last };
            self.ends = (first != NONE).then_some((first, last));
        }
    }

    /// The slot that was unused longest.
    pub(super) fn first(&self) -> Option<u32> {
        self.ends.map(|(first, _)| first)
    }

    /// Every slot, the longest unused first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        std::iter::successors(self.first(), |&slot| {
            let after = self.links[slot as usize].after;
            (after != NONE).then_some(after)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::IdleOrder;

    #[test]
    fn slots_come_in_the_order_of_their_last_use() {
        let mut order = IdleOrder::default();
        let listed = |order: &IdleOrder| order.iter().collect::<Vec<_>>();
        assert!(listed(&order).is_empty());
        for slot in [2, 0, 1] {
            order.push(slot);
        }
        assert_eq!(listed(&order), [2, 0, 1]);
        for (used, expected) in [(0, [2, 1, 0]), (2, [1, 0, 2]), (2, [1, 0, 2])] {
            order.remove(used);
            order.push(used);
            assert_eq!(listed(&order), expected);
        }
        for slot in [0, 1, 2] {
            order.remove(slot);
        }
        assert_eq!((listed(&order), order.first()), (vec![], None));
        order.push(1);
        assert_eq!(listed(&order), [1]);
    }
}
