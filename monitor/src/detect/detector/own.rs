//! A service's own profile at work: every call goes through the n-gram model, and the LSTM is asked
//! where that finds a call unlikely.
//!
//! Whether a call asks, and what the LSTM answers, depends on the thread's calls alone, never on
//! how they were cut into events or rounds: the lane is warmed up from the last [`WARM_CALLS`]
//! calls and goes on until as many calls in a row did not ask.

use std::collections::VecDeque;

use super::OwnSurprise;
use super::selection::{Asker, Selection};
use crate::detect::cusum::Transition;
use crate::detect::verdict::Expected;
use crate::model::Lane;
use crate::profile::accepted::{BEFORE, Sequence};
use crate::profile::mixture::{Shares, WARM_CALLS};
use crate::profile::ngram::Cursor;
use crate::profile::vocabulary::Vocabulary;
use crate::profile::{ORDER, Profile};
use crate::syscall::adfa;
use crate::syscall::event::Call;

/// Stands for no call before the first: no token and no number of a call.
const NOTHING: u32 = 1 << 31;

/// A profile, and what is derived from it once.
pub(super) struct Own {
    profile: Profile,
    shares: Shares,
}

/// Where one thread's stream stands.
#[derive(Clone, Debug)]
pub(super) struct OwnStream {
    cursor: Cursor,
    /// The tokens that came last, oldest first.
    last: [u16; ORDER - 1],
    /// What tells the last call from others; [`NOTHING`] before the first.
    before: u32,
    /// Calls since the sequence broke, from which on all was learned; at most `ORDER - 1`.
    whole_for: usize,
    /// The indices that came last, to warm a lane up with.
    recent: VecDeque<u16>,
    /// Whether `recent` reaches back to the thread's first call.
    whole: bool,
    /// With how many more calls the lane goes on.
    open: usize,
    /// How it has asked the LSTM.
    asker: Asker,
}

/// What the profile says of one call, before the LSTM has answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub token: u32,
    /// The n-gram's probability.
    pub ngram: f64,
    /// The call's share of its index.
    share: f64,
    /// Answers of the lane that come before this call's: those of the warm-up.
    warmed: usize,
    pub in_lane: bool,
    /// Whether the n-gram finds the call unlikely enough to ask the LSTM.
    pub asks: bool,
    /// Whether it may.
    pub granted: bool,
    /// By which transition it breaks the sequence: set if the service never made it after the calls
    /// before it, back to the break before.
    pub breaks: Option<Transition>,
    accepted: bool,
}

impl Own {
    pub(super) fn new(profile: Profile) -> Self {
        let shares = Shares::new(&profile.vocabulary, &profile.ngram);
        Self { profile, shares }
    }

    pub(super) const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The profile, to learn more: what is derived from it stays as it is until [`Own::refresh`].
    pub(super) const fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    pub(super) fn refresh(&mut self) {
        self.shares = Shares::new(&self.profile.vocabulary, &self.profile.ngram);
    }

    pub(super) fn into_profile(self) -> Profile {
        self.profile
    }

    /// A stream that begins with its thread's first call or after a gap.
    pub(super) fn stream(&self, from_start: bool) -> OwnStream {
        OwnStream {
            cursor: self.profile.ngram.middle(),
            last: [BEFORE; ORDER - 1],
            before: NOTHING,
            whole_for: 0,
            recent: VecDeque::new(),
            whole: from_start,
            open: 0,
            asker: Asker::default(),
        }
    }

    /// Looks at the next call of a stream, and queues for the LSTM what it needs to answer.
    pub(super) fn look(
        &self,
        stream: &mut OwnStream,
        call: Call,
        lane: &mut Lane,
        selection: &mut Selection,
    ) -> Mark {
        let token = self.profile.vocabulary.token(call);
        let ngram = &self.profile.ngram;
        let looked = ngram.look_next(&mut stream.cursor, token);
        let (probability, counted) = looked.expect("every token is of the vocabulary");
        let unlikely = probability < self.profile.mixture.asked_below;
        let unlearned = counted.is_none_or(|before| before < stream.whole_for);
        let accepted = (unlikely || unlearned) && self.is_accepted(stream, token);
        let breaks = unlearned && !accepted;
        stream.whole_for = match counted {
            // Nothing follows a call that the service never made.
            None if breaks => 0,
            _ if breaks => 1,
            _ => (stream.whole_for + 1).min(ORDER - 1),
        };
        let asks = unlikely && !accepted;
        let granted = asks && selection.grants(-probability.ln(), &mut stream.asker);
        let index = adfa::map(call).index;
        let this = match token {
            // Different calls that the service never made are different.
            Vocabulary::UNSEEN => !call.number,
            token => token,
        };
        let before = std::mem::replace(&mut stream.before, this);
        let mut mark = Mark {
            token,
            ngram: probability,
            share: 0.0,
            warmed: 0,
            in_lane: granted || stream.open > 0,
            asks,
            granted,
            breaks: breaks.then_some([before, this]),
            accepted,
        };
        if granted {
            mark.share = self.shares.of(call, token);
            if stream.open == 0 {
                lane.restart(stream.whole);
                stream.recent.iter().for_each(|&index| lane.push(index));
                mark.warmed = stream.recent.len();
            }
            stream.open = WARM_CALLS + 1;
        }
        if mark.in_lane {
            lane.push(index);
            stream.open -= 1;
        }
        if stream.recent.len() == WARM_CALLS {
            stream.recent.pop_front();
            stream.whole = false;
        }
        stream.recent.push_back(index);
        stream.last.copy_within(1.., 0);
        stream.last[ORDER - 2] = short(token);
        mark
    }

    /// The service's likeliest calls where the n-gram stands, likeliest first, the one of `token`
    /// left out.
    pub(super) fn expected(&self, cursor: &Cursor, token: u32, most: usize) -> Vec<Expected> {
        let vocabulary = &self.profile.vocabulary;
        let tokens = u32::try_from(vocabulary.calls().len()).unwrap_or(u32::MAX);
        let likeliest = self.profile.ngram.likeliest(cursor, tokens, most + 1);
        let others = likeliest.into_iter().filter(|&(other, _)| other != token);
        let expected = others.take(most).filter_map(|(token, probability)| {
            let call = vocabulary.call(token)?;
            #[expect(clippy::cast_possible_truncation, reason = "shown as a percentage")]
            let probability = probability as f32;
            Some(Expected {
                call: Some(call),
                index: adfa::map(call).index,
                probability,
            })
        });
        expected.collect()
    }

    /// How often the service made the two calls in a row.
    pub(super) fn pairs(&self, before: Call, call: Call) -> u64 {
        let token = |call| self.profile.vocabulary.token(call);
        let count = self.profile.ngram.count(&[token(before), token(call)]);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of at most 2^32"
        )]
        let count = count as u64;
        count
    }

    fn is_accepted(&self, stream: &OwnStream, token: u32) -> bool {
        let sequences = &self.profile.accepted.sequences;
        if sequences.is_empty() {
            return false;
        }
        let mut sequence: Sequence = [short(token); ORDER];
        sequence[..ORDER - 1].copy_from_slice(&stream.last);
        sequences.contains(&sequence)
    }

    /// The call's surprise, nats, and what the LSTM said of its index if it was asked. Marks are
    /// told in the order in which their calls were looked at.
    pub(super) fn tell(&self, mark: &Mark, lane: &mut Lane) -> (f32, Option<f32>) {
        for _ in 0..mark.warmed {
            lane.take();
        }
        let lstm = if mark.in_lane { lane.take() } else { None };
        let lstm = lstm.filter(|_| mark.granted);
        if mark.accepted {
            return (0.0, None);
        }
        let mixture = &self.profile.mixture;
        (mixture.surprise(mark.ngram, lstm, mark.share), lstm)
    }
}

impl OwnStream {
    /// Where the n-gram stands before its next call.
    pub(super) const fn cursor(&self) -> &Cursor {
        &self.cursor
    }
}

impl Mark {
    /// By which transition a call of this surprise breaks the sequence, if it does.
    pub(super) fn broken(&self, surprise: f32) -> Option<(Transition, f32)> {
        self.breaks.map(|by| (by, surprise))
    }

    /// What an observer is told.
    pub(super) fn told(&self, lstm: Option<f32>) -> OwnSurprise {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "nats of at most a few hundred"
        )]
        let ngram = -self.ngram.ln() as f32;
        OwnSurprise {
            token: self.token,
            ngram,
            asked: self.asks,
            breaks: self.breaks,
            lstm,
            share: self.share,
        }
    }
}

fn short(token: u32) -> u16 {
    // A vocabulary has at most SIZE tokens.
    u16::try_from(token.min(Vocabulary::UNSEEN)).unwrap_or(BEFORE)
}
