//! The flight recorder: a thread's last calls, kept small.

use std::collections::VecDeque;

use crate::detail::{Touch, sensitive};
use crate::syscall::event::{Abi, Call, Comm};
use crate::syscall::flight::Flight;

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
    /// The thread's names, see [`Flight::names`].
    names: VecDeque<(u64, Comm)>,
    /// See [`Flight::touches`].
    touches: VecDeque<Touch>,
}

impl Recorder {
    /// Forgets everything; the next call is the `seq`th of its thread, counted from 0.
    pub fn restart(&mut self, seq: u64) {
        self.first_seq = seq;
        self.calls.clear();
        self.large.clear();
        self.touches.clear();
        if let Some((_, last)) = self.names.pop_back() {
            self.names.clear();
            self.names.push_back((seq, last));
        }
    }

    /// Notes the name under which the next call is made.
    pub fn name(&mut self, comm: Comm) {
        if self.names.back().is_some_and(|&(_, last)| last == comm) {
            return;
        }
        let seq = self.first_seq.saturating_add(self.calls.len() as u64);
        if self.names.len() == Flight::NAMES {
            self.names.pop_front();
        }
        self.names.push_back((seq, comm));
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
            self.touches.retain(|touch| touch.seq >= self.first_seq);
            // The name of the first call stays, however long ago it was given.
            if self
                .names
                .get(1)
                .is_some_and(|&(seq, _)| seq <= self.first_seq)
            {
                self.names.pop_front();
            }
        }
        let tag = u16::from(call.abi.tag()) << NUMBER_BITS;
        let number = u16::try_from(call.number).ok().filter(|&n| n < LARGE);
        if number.is_none() {
            let seq = self.first_seq.saturating_add(self.calls.len() as u64);
            self.large.push_back((seq, call.number));
        }
        self.calls.push_back(tag | number.unwrap_or(LARGE));
    }

    /// Records that one of the calls touched something new, or how that went.
    pub fn touch(&mut self, touch: Touch) {
        let mut known = self.touches.iter_mut().rev();
        if let Some(known) = known.find(|it| it.seq == touch.seq && it.detail == touch.detail) {
            known.outcome = touch.outcome.or(known.outcome);
            return;
        }
        if self.touches.len() == Flight::TOUCHES {
            // The lightest goes, of those alike the oldest.
            let heavy = |touch: &Touch| sensitive::of(&touch.detail).is_some();
            let light = self.touches.iter().position(|touch| !heavy(touch));
            self.touches.remove(light.unwrap_or(0));
        }
        self.touches.push_back(touch);
    }

    /// The place in the thread of the next call.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(self.calls.len() as u64)
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
            names: self.names.iter().copied().collect(),
            touches: self.touches.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Recorder;
    use crate::syscall::event::{Abi, Call, Comm};
    use crate::syscall::flight::Flight;

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

    #[test]
    fn the_name_of_every_kept_call_is_known() {
        let call = Call {
            abi: Abi::X86_64,
            number: 1,
        };
        let mut recorder = Recorder::default();
        for (name, calls) in [(&b"sh"[..], 600), (b"nc", 10), (b"nc", 500), (b"id", 5)] {
            recorder.name(Comm::new(name));
            (0..calls).for_each(|_| recorder.push(call));
        }
        let flight = recorder.flight();
        assert_eq!(flight.first_seq, 603);
        let names: Vec<_> = flight
            .names
            .iter()
            .map(|(seq, comm)| (*seq, comm.to_string()))
            .collect();
        assert_eq!(names, [(600, "nc".to_owned()), (1110, "id".to_owned())]);
    }
}
