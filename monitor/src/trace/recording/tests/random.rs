//! Events made of chance.

use crate::detail::{Access, Detail, Field, Outcome, PathText, Touch};
use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

/// Marsaglia's xorshift64 (2003): the same events in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Small, middling and huge numbers alike.
    pub(super) fn any(&mut self) -> u64 {
        let bits = self.below(64);
        self.next() >> bits
    }

    fn touch(&mut self) -> Touch {
        let path: Vec<u8> = (0..self.below(300)).map(|_| self.next() as u8).collect();
        let access = Access::ALL[self.below(13) as usize];
        let detail = match self.below(3) {
            0 => Detail::Number(Field::ALL[self.below(17) as usize], self.any()),
            1 => Detail::UnreadablePath(access),
            _ => Detail::Path(access, PathText::new(&path)),
        };
        let call = Call {
            abi: Abi::ALL[self.below(5) as usize],
            number: self.any() as u32,
        };
        Touch {
            seq: self.any(),
            call,
            detail,
            outcome: Outcome::from_tag(self.below(9) as u8),
        }
    }

    pub(super) fn event(&mut self) -> Event {
        let time_ns = self.any();
        let name: Vec<u8> = (0..self.below(18)).map(|_| self.next() as u8).collect();
        let kind = match self.below(6) {
            0 => EventKind::Exec,
            1 => EventKind::Exit { count: self.any() },
            2 => EventKind::Fork {
                child_tgid: self.any() as u32,
                child_tid: self.any() as u32,
            },
            3 => EventKind::Touch(self.touch()),
            _ => EventKind::Calls(Stretch {
                first_seq: self.any() / 2,
                last_ns: self.any(),
                calls: (0..=self.below(40))
                    .map(|_| Call {
                        abi: Abi::ALL[self.below(5) as usize],
                        number: self.any() as u32,
                    })
                    .collect(),
            }),
        };
        Event {
            service: ServiceId(self.any() as u32),
            thread: ThreadKey {
                tgid: self.any() as u32,
                tid: self.any() as u32,
                start_ns: self.any(),
            },
            // Stored names end at their first NUL.
            comm: Comm::new(Comm::new(&name).as_bytes()),
            time_ns,
            kind,
        }
    }
}
