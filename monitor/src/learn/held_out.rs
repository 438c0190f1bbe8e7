//! What the scores of a service are on runs that were not learned.

use crate::detect::detector::{Detector, OwnSurprise};
use crate::detect::threshold::{LEAST_CALLS, LEAST_CALLS_AFTER_GAP, Limits, Scores};
use crate::detect::verdict::Pace;
use crate::model::ScoreError;
use crate::profile::held_out::{HeldOut, PEAK_CALLS};
use crate::profile::mixture::Mixture;
use crate::profile::ngram::{Cursor, Ngram};
use crate::profile::{ORDER, Profile};
use crate::syscall::event::{Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

use super::census::Life;
use super::folds::{Piece, plan};

/// Calls before a segment that bring the scores to where they would stand; they are learned, and not counted.
const WARM: usize = 512;

/// Calls of an event, and those that are scored at a time.
const EVENT: usize = 2048;
const ROUND: usize = 64 * 1024;

/// Bounds of the mixture's weight: neither model is ever left out.
const WEIGHTS: (f64, f64) = (0.01, 0.999);

/// Scores calls by a profile that can be changed between.
pub trait Scorer {
    /// Changes the profile.
    fn edit(&mut self, edit: &mut dyn FnMut(&mut Profile));

    /// The time constants of the scores.
    fn limits(&self) -> Limits;

    /// Scores threads from a place in their lives on (0 for the beginning), and tells of every call which thread made it
    /// and what its surprise is made of.
    ///
    /// # Errors
    /// When inference fails.
    fn score(
        &mut self,
        threads: &[(u64, Vec<Call>)],
        observer: &mut dyn FnMut(usize, &OwnSurprise),
    ) -> Result<(), ScoreError>;
}

/// The detector that also watches.
pub struct DetectorScorer {
    detector: Detector,
    /// The start time of the next thread: none is ever met twice.
    next: u64,
}

impl DetectorScorer {
    /// Scores by this detector, which has a profile and raises no alarm.
    #[must_use]
    pub const fn new(detector: Detector) -> Self {
        Self { detector, next: 1 }
    }

    /// The profile as it is now.
    #[must_use]
    pub fn into_profile(self) -> Option<Profile> {
        self.detector.into_profile()
    }
}

impl Scorer for DetectorScorer {
    fn edit(&mut self, edit: &mut dyn FnMut(&mut Profile)) {
        self.detector.edit_profile(edit);
    }

    fn limits(&self) -> Limits {
        *self.detector.limits()
    }

    fn score(
        &mut self,
        threads: &[(u64, Vec<Call>)],
        observer: &mut dyn FnMut(usize, &OwnSurprise),
    ) -> Result<(), ScoreError> {
        let first = self.next;
        let mut verdicts = Vec::new();
        let mut queued = 0;
        let mut told = |scored: &crate::detect::detector::Scored| {
            if let Some(own) = &scored.own {
                // What was pushed below.
                observer((scored.thread.start_ns - first) as usize, own);
            }
        };
        for (first_seq, calls) in threads {
            let thread = ThreadKey {
                tgid: 1,
                tid: 1,
                start_ns: self.next,
            };
            self.next += 1;
            let mut event = |kind| {
                self.detector.push(&Event {
                    service: ServiceId::NONE,
                    thread,
                    comm: Comm::default(),
                    time_ns: 0,
                    kind,
                });
            };
            let mut seq = *first_seq;
            for calls in calls.chunks(EVENT) {
                event(EventKind::Calls(Stretch {
                    first_seq: seq,
                    last_ns: 0,
                    calls: calls.to_vec(),
                }));
                seq = seq.saturating_add(calls.len() as u64);
                queued += calls.len();
            }
            event(EventKind::Exit { count: seq });
            if queued >= ROUND {
                self.detector.score_observed(&mut verdicts, &mut told)?;
                verdicts.clear();
                queued = 0;
            }
        }
        self.detector.score_observed(&mut verdicts, &mut told)
    }
}

/// What was found on one piece.
struct Found {
    /// Calls before the piece.
    warm: usize,
    /// Whether the thread's beginning is in it.
    from_start: bool,
    /// Nats by the n-gram alone.
    nats: Vec<f32>,
    /// Of the calls that asked: place, n-gram's nats, probability by the LSTM.
    asked: Vec<(u32, f32, f64)>,
}

/// Leaves every life out in turn, or segments of it, and scores it by a profile without it. Gives the weight of the mixture
/// that makes the held-out calls likeliest, and the peaks of the scores by it. The profile is the same afterwards. `tell` hears
/// how many of how many calls are done.
///
/// # Errors
/// When inference fails.
pub fn hold_out(
    scorer: &mut dyn Scorer,
    lives: &[Life],
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(Option<f64>, HeldOut), ScoreError> {
    let plan = plan(lives);
    let mut held_out = HeldOut {
        begun_once: plan.begun_once,
        begun_before: plan.begun_before,
        ..HeldOut::default()
    };
    let pieces = plan.folds.iter().flatten();
    let all: usize = pieces.map(|piece| piece.calls.len()).sum();
    let mut found = Vec::new();
    for fold in &plan.folds {
        let run = |piece: &Piece| &lives[piece.life].runs[piece.run];
        let mut threads = Vec::new();
        scorer.edit(&mut |profile| {
            threads.clear();
            for piece in fold {
                let tokens = &run(piece).tokens;
                learn_again(&mut profile.ngram, tokens, piece, Ngram::unlearn_next);
                let warm = piece.calls.start.saturating_sub(WARM);
                let calls = tokens[warm..piece.calls.end].iter();
                let calls = calls.filter_map(|&token| profile.vocabulary.call(token.into()));
                let seq = run(piece).first_seq.saturating_add(warm as u64);
                threads.push((seq, calls.collect::<Vec<_>>()));
            }
        });
        let before = found.len();
        for (piece, (seq, calls)) in fold.iter().zip(&threads) {
            found.push(Found {
                warm: calls.len().saturating_sub(piece.calls.len()),
                from_start: *seq == 0,
                nats: Vec::with_capacity(calls.len()),
                asked: Vec::new(),
            });
        }
        scorer.score(&threads, &mut |thread, own| {
            let Some(found) = found.get_mut(before + thread) else {
                return;
            };
            if let Some(lstm) = own.lstm {
                let place = u32::try_from(found.nats.len()).unwrap_or(u32::MAX);
                let lstm = (-f64::from(lstm)).exp() * own.share;
                found.asked.push((place, own.ngram, lstm));
            }
            found.nats.push(own.ngram);
        })?;
        scorer.edit(&mut |profile| {
            for piece in fold {
                let learn = |ngram: &mut Ngram, cursor: &mut Cursor, token| {
                    ngram.learn_next(cursor, token).map(|_| ())
                };
                learn_again(&mut profile.ngram, &run(piece).tokens, piece, learn);
            }
        });
        held_out.runs += fold.len() as u64;
        held_out.calls += fold
            .iter()
            .map(|piece| piece.calls.len() as u64)
            .sum::<u64>();
        tell(held_out.calls, all as u64);
    }
    let asked = || found.iter().flat_map(|found| &found.asked);
    held_out.asked = asked().count() as u64;
    let weight = weight(asked().map(|&(_, ngram, lstm)| ((-f64::from(ngram)).exp(), lstm)));
    let mixture = Mixture {
        weight: weight.unwrap_or(Mixture::default().weight),
        ..Mixture::default()
    };
    let limits = scorer.limits();
    for found in &found {
        peaks(found, &mixture, &limits, &mut held_out);
    }
    Ok((weight, held_out))
}

/// Takes a piece out of the model, or puts it in again.
fn learn_again(
    ngram: &mut Ngram,
    tokens: &[u16],
    piece: &Piece,
    step: impl Fn(&mut Ngram, &mut Cursor, u32) -> Result<(), crate::profile::ngram::NgramError>,
) {
    let mut cursor = ngram.middle();
    let before = piece.calls.start.saturating_sub(ORDER - 1);
    for &token in &tokens[before..piece.calls.start] {
        ngram.advance(&mut cursor, token.into());
    }
    for &token in &tokens[piece.calls.clone()] {
        step(ngram, &mut cursor, token.into()).expect("every token is of the vocabulary");
    }
}

/// The weight of the first of two models by which pairs of their probabilities are likeliest, found by expectation
/// maximisation (Dempster, Laird & Rubin 1977), whose likelihood has one maximum here; `None` without any.
pub fn weight(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let (low, high) = WEIGHTS;
    let mut weight = 0.5;
    for _ in 0..200 {
        let (mut sum, mut count) = (0.0, 0.0);
        for (first, second) in pairs.clone() {
            let both = weight * first + (1.0 - weight) * second;
            if both > 0.0 {
                sum += weight * first / both;
                count += 1.0;
            }
        }
        if count == 0.0 {
            return None;
        }
        let next: f64 = sum / count;
        let step = (next - weight).abs();
        weight = next.clamp(low, high);
        if step < 1e-6 {
            break;
        }
    }
    Some(weight)
}

/// Adds the highest scores of every [`PEAK_CALLS`] calls of a piece.
fn peaks(found: &Found, mixture: &Mixture, limits: &Limits, held_out: &mut HeldOut) {
    let least = if found.from_start {
        LEAST_CALLS
    } else {
        LEAST_CALLS_AFTER_GAP
    };
    let mut scores = Scores::new(limits);
    let mut asked = found.asked.iter().peekable();
    let mut peak: Option<(f64, f64)> = None;
    for (place, &nats) in found.nats.iter().enumerate() {
        let lstm = asked.next_if(|&&(at, ..)| at as usize == place);
        scores.push(match lstm {
            None => nats,
            // The LSTM's probability is shared out already.
            Some(&(_, ngram, lstm)) => {
                let nats = -lstm.max(f64::MIN_POSITIVE).ln();
                #[expect(clippy::cast_possible_truncation, reason = "nats of at most 709")]
                mixture.surprise((-f64::from(ngram)).exp(), Some(nats as f32), 1.0)
            }
        });
        let Some(held) = place.checked_sub(found.warm) else {
            continue;
        };
        if held % PEAK_CALLS == 0
            && let Some((slow, fast)) = peak.take()
        {
            held_out.push(slow, fast);
        }
        if scores.scored() >= least {
            let (slow, fast) = peak.unwrap_or((f64::MIN, f64::MIN));
            let (now_slow, now_fast) = (scores.get(Pace::Slow), scores.get(Pace::Fast));
            peak = Some((slow.max(now_slow), fast.max(now_fast)));
        }
    }
    if let Some((slow, fast)) = peak {
        held_out.push(slow, fast);
    }
}

#[cfg(test)]
mod tests;
