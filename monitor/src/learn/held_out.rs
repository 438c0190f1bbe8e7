//! What the scores of a service are on runs that were not learned.

mod found;

mod scorer;

mod weight;

use crate::detect::cusum::CLIP;
use crate::model::ScoreError;
use crate::profile::ORDER;
use crate::profile::held_out::HeldOut;
use crate::profile::mixture::Mixture;
use crate::profile::ngram::{Cursor, Ngram};
use crate::profile::sightings::FOLDS;

use super::census::Life;
use super::folds::{Piece, plan};
use found::{Broken, Found, added, peaks};
pub use scorer::{DetectorScorer, Scorer};
pub use weight::weight;

/// Calls before a segment that bring the scores to where they would stand; they are learned, and
/// not counted.
const WARM: usize = 512;

/// The drift takes off this many times what held-out calls add: the best to find a rate of breaks
/// six times as high, (6 − 1) / ln 6 (Lucas 1985, Counted data CUSUM's).
const DRIFT: f64 = 2.79;

/// What the drift takes off at most: a break counts for some calls, however little is known.
const HIGHEST_DRIFT: f64 = CLIP as f64 / 8.0;

/// Leaves every life out in turn, or segments of it, and scores it by a profile without it. Gives
/// the weight of the mixture that makes the held-out calls likeliest, and the peaks of the scores
/// by it. The profile is the same afterwards. `tell` hears how many of how many calls are done.
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

#[cfg(test)]
mod tests;
