//! What the scores of a service are on runs that were not learned.

use crate::detect::cusum::{CLIP, Cusum, Repeats, Transition};
use crate::detect::detector::{Detector, OwnSurprise};
use crate::model::ScoreError;
use crate::profile::held_out::HeldOut;
use crate::profile::mixture::Mixture;
use crate::profile::ngram::{Cursor, Ngram};
use crate::profile::sightings::FOLDS;
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

/// The drift takes off this many times what held-out calls add: the best to find a rate of breaks six
/// times as high, (6 − 1) / ln 6 (Lucas 1985, Counted data CUSUM's).
const DRIFT: f64 = 2.79;

/// What the drift takes off at most: a break counts for some calls, however little is known.
const HIGHEST_DRIFT: f64 = CLIP as f64 / 8.0;

/// Scores calls by a profile that can be changed between.
pub trait Scorer {
    /// Changes the profile.
    fn edit(&mut self, edit: &mut dyn FnMut(&mut Profile));

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
    /// Calls before the piece, and those of it that came before the last e-folds of what was learned.
    skipped: usize,
    /// All calls.
    calls: u32,
    /// Of the calls that broke the sequence: place, by which transition, and nats by the n-gram alone.
    breaks: Vec<(u32, Transition, f32)>,
    /// Of the calls that asked: place, n-gram's nats, probability by the LSTM.
    asked: Vec<(u32, f32, f64)>,
}

/// A call that broke what was learned: its place, by which transition, and its surprise, nats.
type Broken = (u32, Transition, f32);

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
    let mut late = 0.0;
    scorer.edit(&mut |profile| late = profile.known.learned().exposure() * (-FOLDS).exp());
    #[expect(clippy::cast_possible_truncation, reason = "a time need not be exact")]
    let late = late as f32;
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
        for (piece, (_, calls)) in fold.iter().zip(&threads) {
            let before = run(piece).before(late);
            let early = before.clamp(piece.calls.start, piece.calls.end) - piece.calls.start;
            found.push(Found {
                skipped: calls.len().saturating_sub(piece.calls.len()) + early,
                calls: 0,
                breaks: Vec::new(),
                asked: Vec::new(),
            });
        }
        scorer.score(&threads, &mut |thread, own| {
            let Some(found) = found.get_mut(before + thread) else {
                return;
            };
            if let Some(lstm) = own.lstm {
                let lstm = (-f64::from(lstm)).exp() * own.share;
                found.asked.push((found.calls, own.ngram, lstm));
            }
            if let Some(by) = own.breaks {
                found.breaks.push((found.calls, by, own.ngram));
            }
            found.calls = found.calls.saturating_add(1);
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
    let broken: Vec<Vec<Broken>> = found.iter().map(|it| it.broken(&mixture)).collect();
    let all: f64 = broken.iter().map(|broken| added(broken)).sum();
    let calls = found
        .iter()
        .map(|it| (it.calls as usize).saturating_sub(it.skipped));
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let calls = calls.sum::<usize>().max(1) as f64;
    // As if one more break had come: none among few calls says little.
    let drift = DRIFT * (all + f64::from(CLIP)) / calls;
    held_out.drift = drift.min(HIGHEST_DRIFT);
    for (found, broken) in found.iter().zip(&broken) {
        peaks(found.calls, broken, &mut held_out);
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

impl Found {
    /// Where the calls of the piece break what was learned.
    fn broken(&self, mixture: &Mixture) -> Vec<Broken> {
        let mut asked = self.asked.iter().peekable();
        let breaks = self.breaks.iter().filter_map(|&(place, by, ngram)| {
            while asked.next_if(|it| it.0 < place).is_some() {}
            let surprise = match asked.next_if(|it| it.0 == place) {
                None => ngram,
                // The LSTM's probability is shared out already.
                Some(&(_, ngram, lstm)) => {
                    let nats = -lstm.max(f64::MIN_POSITIVE).ln();
                    #[expect(clippy::cast_possible_truncation, reason = "nats of at most 709")]
                    mixture.surprise((-f64::from(ngram)).exp(), Some(nats as f32), 1.0)
                }
            };
            (place as usize >= self.skipped).then_some((place, by, surprise))
        });
        breaks.collect()
    }
}

/// What the breaks of a piece add in all, nats.
fn added(broken: &[Broken]) -> f64 {
    let mut repeats = Repeats::default();
    let added = broken.iter();
    added.map(|&(_, by, nats)| repeats.added(by, nats)).sum()
}

/// Adds the peaks of the sum over so many calls, some of which break what was learned.
fn peaks(calls: u32, broken: &[Broken], held_out: &mut HeldOut) {
    let mut sum = Cusum::default();
    let mut peak = 0.0_f64;
    let mut broken = broken.iter().peekable();
    for place in 0..calls {
        let it = broken.next_if(|it| it.0 == place);
        sum.push(it.map(|&(_, by, nats)| (by, nats)), held_out.drift);
        peak = peak.max(sum.get());
        if sum.get() == 0.0 && peak > 0.0 {
            held_out.push(std::mem::take(&mut peak));
        }
    }
    if peak > 0.0 {
        held_out.push(peak);
    }
}

#[cfg(test)]
mod tests;
