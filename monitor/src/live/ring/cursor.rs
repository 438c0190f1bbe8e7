//! Where in the ring the reader is.
//!
//! A record is a header of eight bytes, whose first four are its length and two flags, and its
//! bytes, all rounded up to eight. A writer reserves it as busy, and takes that away when it is
//! whole. Positions grow for ever; what counts is their remainder (kernel/bpf/ringbuf.c,
//! Documentation/bpf/ringbuf.rst).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// `BPF_RINGBUF_BUSY_BIT`, include/uapi/linux/bpf.h.
const BUSY: u32 = 1 << 31;
/// `BPF_RINGBUF_DISCARD_BIT`, there too.
const DISCARDED: u32 = 1 << 30;
/// `BPF_RINGBUF_HDR_SZ`, there too.
const HEADER: usize = 8;

/// A ring's memory.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    /// Up to where the reader is done.
    pub consumer: &'a AtomicU64,
    /// Up to where writers have reserved.
    pub producer: &'a AtomicU64,
    /// The records; as many words as a power of two has.
    pub data: &'a [AtomicU32],
}

/// The reader's place.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    at: u64,
    /// Up to where there is something, when it was looked last.
    until: u64,
    /// A record that the ring's end cuts in two.
    joined: Vec<u8>,
}

impl Cursor {
    /// Begins where the reader before stopped.
    pub(super) fn new(ring: Shared<'_>) -> Self {
        let at = ring.consumer.load(Ordering::Acquire);
        Self {
            at,
            until: at,
            joined: Vec::new(),
        }
    }

    /// Reads the next record, if one is whole, and gives its place back to the writers. A length
    /// that no ring can hold is read as no bytes, and everything that waits is skipped, since
    /// nobody knows where the next record begins.
    pub(super) fn next<T>(&mut self, ring: Shared<'_>, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let size = size_of_val(ring.data);
        loop {
            let length = self.length(ring)?;
            let bytes = (length & !(BUSY | DISCARDED)) as usize;
            if HEADER + bytes > size {
                self.done(ring, self.until);
                return Some(read(&[]));
            }
            let next = self.at + (HEADER + bytes).next_multiple_of(8) as u64;
            if length & DISCARDED != 0 {
                self.done(ring, next);
                continue;
            }
            let from = place(self.at + HEADER as u64, size);
            let told = if from + bytes <= size {
                read(whole(ring, from, bytes))
            } else {
                let (first, rest) = (size - from, from + bytes - size);
                self.joined.clear();
                self.joined.extend_from_slice(whole(ring, from, first));
                self.joined.extend_from_slice(whole(ring, 0, rest));
                read(&self.joined)
            };
            self.done(ring, next);
            return Some(told);
        }
    }

    /// The first word of the next record; none while it is not whole.
    fn length(&mut self, ring: Shared<'_>) -> Option<u32> {
        // A writer that finds the reader behind does not wake it. The second look comes after the
        // place was given back, for everybody (`bpf_ringbuf_commit`).
        for look in 0..2 {
            if look > 0 {
                fence(Ordering::SeqCst);
            }
            if self.at == self.until {
                self.until = ring.producer.load(Ordering::Acquire);
                if self.at == self.until {
                    continue;
                }
            }
            let header = place(self.at, size_of_val(ring.data)) / size_of::<u32>();
            let length = ring.data[header].load(Ordering::Acquire);
            if length & BUSY == 0 {
                return Some(length);
            }
        }
        None
    }

    fn done(&mut self, ring: Shared<'_>, next: u64) {
        self.at = next;
        ring.consumer.store(next, Ordering::Release);
    }
}

/// Where in a ring of this size a position is.
fn place(position: u64, size: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the size is a power of two of a usize"
    )]
    let position = position as usize;
    position & (size - 1)
}

/// Bytes of a record that is whole.
fn whole(ring: Shared<'_>, from: usize, bytes: usize) -> &[u8] {
    let data = ring.data.as_ptr().cast::<u8>();
    assert!(from + bytes <= size_of_val(ring.data));
    // SAFETY: the bytes are the ring's, and nobody writes to them: no writer gets them before the
    // reader's position is past them, and that is written after the slice was read.
    unsafe { std::slice::from_raw_parts(data.add(from), bytes) }
}

#[cfg(test)]
mod tests;
