use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use proptest::prelude::*;

use super::{BUSY, Cursor, DISCARDED, HEADER, Shared, place};

const SIZE: usize = 64;

/// A ring of 64 bytes, and the kernel's side of it.
struct Ring {
    consumer: AtomicU64,
    producer: AtomicU64,
    data: Vec<AtomicU32>,
}

impl Ring {
    /// Whose positions begin at `at`.
    fn new(at: u64) -> Self {
        Self {
            consumer: at.into(),
            producer: at.into(),
            data: (0..SIZE / 4).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    fn shared(&self) -> Shared<'_> {
        Shared {
            consumer: &self.consumer,
            producer: &self.producer,
            data: &self.data,
        }
    }

    /// Reserves a record and fills it; false where there is no room.
    fn send(&self, bytes: &[u8], flags: u32) -> bool {
        let at = self.producer.load(Relaxed);
        let next = at + (HEADER + bytes.len()).next_multiple_of(8) as u64;
        if next - self.consumer.load(Relaxed) > SIZE as u64 {
            return false;
        }
        let word = |position: u64| &self.data[place(position, SIZE) / 4];
        word(at).store(bytes.len() as u32 | flags, Relaxed);
        for (number, four) in bytes.chunks(4).enumerate() {
            let mut whole = [0; 4];
            whole[..four.len()].copy_from_slice(four);
            let position = at + (HEADER + 4 * number) as u64;
            word(position).store(u32::from_ne_bytes(whole), Relaxed);
        }
        self.producer.store(next, Relaxed);
        true
    }

    /// Makes the record at `at` whole.
    fn commit(&self, at: u64) {
        self.data[place(at, SIZE) / 4].fetch_and(!BUSY, Relaxed);
    }

    fn waiting(&self) -> u64 {
        self.producer.load(Relaxed) - self.consumer.load(Relaxed)
    }
}

fn all(cursor: &mut Cursor, ring: &Ring) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| cursor.next(ring.shared(), <[u8]>::to_vec)).collect()
}

#[test]
fn records_come_in_their_order_and_their_place_is_given_back() {
    let ring = Ring::new(0);
    let mut cursor = Cursor::new(ring.shared());
    assert_eq!(all(&mut cursor, &ring), Vec::<Vec<u8>>::new());
    assert!(ring.send(b"one", 0) && ring.send(b"and two", 0) && ring.send(b"", 0));
    assert_eq!(ring.waiting(), 16 + 16 + 8);
    assert_eq!(
        all(&mut cursor, &ring),
        [b"one".to_vec(), b"and two".to_vec(), vec![]]
    );
    assert_eq!(ring.waiting(), 0);
}

#[test]
fn a_record_that_is_not_whole_holds_up_those_behind_it_and_a_discarded_one_is_skipped() {
    let ring = Ring::new(0);
    let mut cursor = Cursor::new(ring.shared());
    ring.send(b"gone", DISCARDED);
    ring.send(b"late", BUSY);
    ring.send(b"next", 0);
    assert_eq!(all(&mut cursor, &ring), Vec::<Vec<u8>>::new());
    assert_eq!(ring.waiting(), 32, "what was discarded is given back");
    ring.commit(16);
    assert_eq!(all(&mut cursor, &ring), [b"late", b"next"]);
}

#[test]
fn a_record_that_the_end_cuts_is_joined() {
    let ring = Ring::new(SIZE as u64 - 16);
    let mut cursor = Cursor::new(ring.shared());
    ring.send(b"0123456789abcdef", 0);
    assert_eq!(all(&mut cursor, &ring), [b"0123456789abcdef"]);
}

#[test]
fn a_length_that_no_ring_holds_is_told_once_and_skipped_with_what_waits() {
    let ring = Ring::new(0);
    let mut cursor = Cursor::new(ring.shared());
    ring.send(b"good", 0);
    ring.send(b"bad", 0);
    ring.data[16 / 4].store(SIZE as u32, Relaxed);
    assert_eq!(all(&mut cursor, &ring), [b"good".to_vec(), vec![]]);
    assert_eq!(ring.waiting(), 0);
    ring.send(b"again", 0);
    assert_eq!(all(&mut cursor, &ring), [b"again"]);
}

#[test]
fn another_reader_goes_on_where_the_last_one_stopped() {
    let ring = Ring::new(0);
    ring.send(b"first", 0);
    ring.send(b"second", 0);
    let first = Cursor::new(ring.shared()).next(ring.shared(), <[u8]>::to_vec);
    assert_eq!(first.as_deref(), Some(&b"first"[..]));
    assert_eq!(all(&mut Cursor::new(ring.shared()), &ring), [b"second"]);
}

proptest! {
    /// Whatever is sent, of whatever length, from whatever position on: it arrives as it was, once,
    /// in order.
    #[test]
    fn what_was_sent_is_what_is_read(
        begin in 0..1000_u64,
        steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..50), any::<bool>()), 1..60),
    ) {
        let ring = Ring::new(begin * 8);
        let mut cursor = Cursor::new(ring.shared());
        let (mut sent, mut read) = (Vec::new(), Vec::new());
        for (bytes, then_read) in steps {
            if ring.send(&bytes, 0) {
                sent.push(bytes);
            }
            if then_read {
                read.extend(all(&mut cursor, &ring));
            }
        }
        read.extend(all(&mut cursor, &ring));
        prop_assert_eq!(read, sent);
        prop_assert_eq!(ring.waiting(), 0);
    }
}
