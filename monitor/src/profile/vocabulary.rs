//! The calls of one service, numbered.

use std::collections::HashMap;

use crate::syscall::event::{Abi, Call};

/// Numbers of a table that are found by place; no table has more.
const SMALL: usize = 1024;

/// Calls and their tokens: 0, 1, 2 … in the order in which the service made each for the first
/// time.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    calls: Vec<Call>,
    /// By ABI and number.
    small: Vec<u16>,
    large: HashMap<Call, u16>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self {
            calls: Vec::new(),
            small: vec![Self::NONE; Abi::ALL.len() * SMALL],
            large: HashMap::new(),
        }
    }
}

impl Vocabulary {
    /// How many tokens there are, [`Vocabulary::UNSEEN`] among them. All tables together have fewer
    /// calls than that; a process that makes up numbers comes to the end of it.
    pub const SIZE: u32 = 4096;

    /// The token of every call that the service never made.
    pub const UNSEEN: u32 = Self::SIZE - 1;

    const NONE: u16 = u16::MAX;

    /// The token of a call, [`Vocabulary::UNSEEN`] if the service never made it.
    #[must_use]
    pub fn token(&self, call: Call) -> u32 {
        let token = match place(call) {
            Some(place) => self.small[place],
            None => self.large.get(&call).copied().unwrap_or(Self::NONE),
        };
        if token == Self::NONE {
            Self::UNSEEN
        } else {
            u32::from(token)
        }
    }

    /// The token of a call, which is given one if it has none; [`Vocabulary::UNSEEN`] when all are
    /// in use.
    pub fn intern(&mut self, call: Call) -> u32 {
        let known = self.token(call);
        if known != Self::UNSEEN || self.calls.len() >= Self::UNSEEN as usize {
            return known;
        }
        let token = u16::try_from(self.calls.len()).expect("SIZE fits into 16 bits");
        self.calls.push(call);
        match place(call) {
            Some(place) => self.small[place] = token,
            None => {
                self.large.insert(call, token);
            }
        }
        u32::from(token)
    }

    /// The call of a token; `None` for [`Vocabulary::UNSEEN`] and for those not in use.
    #[must_use]
    pub fn call(&self, token: u32) -> Option<Call> {
        self.calls.get(token as usize).copied()
    }

    /// All calls in the order of their tokens.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }
}

fn place(call: Call) -> Option<usize> {
    let number = usize::try_from(call.number).ok().filter(|&n| n < SMALL)?;
    Some(usize::from(call.abi.tag()) * SMALL + number)
}

#[cfg(test)]
mod tests {
    use super::Vocabulary;
    use crate::syscall::event::{Abi, Call};

    #[test]
    fn every_call_keeps_its_token_and_made_up_ones_come_to_an_end() {
        let mut vocabulary = Vocabulary::default();
        let call = |n: u32| Call {
            abi: Abi::ALL[n as usize % 5],
            number: n.wrapping_mul(977),
        };
        let tokens: Vec<_> = (0..3000).map(|n| vocabulary.intern(call(n))).collect();
        assert!(tokens.iter().copied().eq(0..3000));
        assert!((0..3000).all(|n| vocabulary.token(call(n)) == n));
        assert!((0..3000).all(|n| vocabulary.call(n) == Some(call(n))));
        assert_eq!(vocabulary.token(call(3000)), Vocabulary::UNSEEN);
        for n in 3000..6000 {
            vocabulary.intern(call(n));
        }
        assert_eq!(vocabulary.calls().len(), Vocabulary::UNSEEN as usize);
        assert_eq!(vocabulary.intern(call(5999)), Vocabulary::UNSEEN);
        assert_eq!(vocabulary.call(Vocabulary::UNSEEN), None);
    }
}
