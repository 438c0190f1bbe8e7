//! The flight recorder: a thread's last calls, kept small.

use std::collections::VecDeque;

use crate::detect::verdict::Flight;
use crate::syscall::event::{Abi, Call};

/// Bits of a recorded call that hold its number; the ABI's tag stands above them.
const NUMBER_BITS: u32 = 13;

/// In the place of a number that does not fit: it stands in [`Recorder::large`].
const LARGE: u16 = (1 << NUMBER_BITS) - 1;

/// The last [`Flight::CALLS`] calls of a stream, two bytes each unless a number is made up.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    first_seq: u64,
    calls: VecDeque<u16>,
    /// Numbers that do not fit, with their place in the thread, oldest first. No table has such
    /// (but Arm's private calls), though a caller may make them up.
    large: VecDeque<(u64, u32)>,
}

impl Recorder {
    /// Forgets everything; the next call is the `seq`th of its thread, counted from 0.
    pub fn restart(&mut self, seq: u64) {
        self.first_seq = seq;
        self.calls.clear();
        self.large.clear();
    }

    /// Records the next call, forgetting the oldest if need be.
    pub fn push(&mut self, call: Call) {
        if self.calls.len() == Flight::CALLS {
            self.calls.pop_front();
            if self
                .large
                .front()
                .is_some_and(|&(seq, _)| seq == self.first_seq)
            {
                self.large.pop_front();
            }
            self.first_seq = self.first_seq.saturating_add(1);
        }
        let tag = u16::from(call.abi.tag()) << NUMBER_BITS;
        let number = u16::try_from(call.number).ok().filter(|&n| n < LARGE);
        if number.is_none() {
            let seq = self.first_seq.saturating_add(self.calls.len() as u64);
            self.large.push_back((seq, call.number));
        }
        self.calls.push_back(tag | number.unwrap_or(LARGE));
    }

    /// The place in the thread of the first recorded call.
    #[must_use]
    pub const fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// What was recorded.
    #[must_use]
    pub fn flight(&self) -> Flight {
        let mut large = self.large.iter();
        let calls = self.calls.iter().map(|&packed| {
            let number = match packed & LARGE {
                LARGE => large.next().map_or(u32::MAX, |&(_, number)| number),
                number => u32::from(number),
            };
            // Only `push` writes here, and it writes tags of ABIs.
            let abi = u8::try_from(packed >> NUMBER_BITS)
                .ok()
                .and_then(Abi::from_tag);
            Call {
                abi: abi.unwrap_or(Abi::X86_64),
                number,
            }
        });
        Flight {
            first_seq: self.first_seq,
            calls: calls.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Recorder;
    use crate::detect::verdict::Flight;
    use crate::syscall::event::{Abi, Call};

    #[test]
    fn the_last_calls_come_back_exactly_whatever_their_numbers() {
        let call = |n: u32| Call {
            abi: Abi::ALL[n as usize % 5],
            number: match n % 7 {
                0 => u32::MAX - n,
                1 => 8190 + n % 3,
                _ => n % 450,
            },
        };
        for made in [0_u32, 1, 511, 512, 513, 3000] {
            let mut recorder = Recorder::default();
            recorder.restart(40);
            (0..made).for_each(|n| recorder.push(call(n)));
            let kept = made.min(Flight::CALLS as u32);
            let flight = recorder.flight();
            assert_eq!(flight.first_seq, 40 + u64::from(made - kept));
            let expected: Vec<_> = (made - kept..made).map(call).collect();
            assert_eq!(flight.calls, expected, "{made} calls");
            assert!(recorder.large.len() <= Flight::CALLS);
        }
    }
}
