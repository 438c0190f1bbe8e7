//! The slots whose lanes have calls queued.

/// Slots, each once, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(super) struct Active {
    slots: Vec<u32>,
    /// By slot.
    is_in: Vec<bool>,
}

impl Active {
    /// There is one more slot.
    pub(super) fn grow(&mut self) {
        self.is_in.push(false);
    }

    pub(super) fn add(&mut self, slot: u32) {
        if !std::mem::replace(&mut self.is_in[slot as usize], true) {
            self.slots.push(slot);
        }
    }

    pub(super) fn slots(&self) -> &[u32] {
        &self.slots
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = u32> + '_ {
        let is_in = &mut self.is_in;
        self.slots
            .drain(..)
            .inspect(|&slot| is_in[slot as usize] = false)
    }
}
