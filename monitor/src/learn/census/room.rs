//! What of lives is kept to be held out, in bounded memory.

use super::Census;
use super::life::{Life, Run, STEP};
use crate::profile::vocabulary::Vocabulary;

/// Bytes that are kept to be held out, at most. What comes after is learned and not validated.
pub const MOST_KEPT: usize = 64 << 20;

/// The same of one service among many.
pub const MOST_KEPT_AMONG_MANY: usize = 1 << 20;

/// The part of the memory that the process could still have that is kept to be held out.
pub(super) const PART: u64 = 8;

/// Bytes of a life without its calls: itself, the least that its runs take, and what the allocator
/// adds.
pub(super) const LIFE: usize = size_of::<Life>() + 4 * size_of::<Run>() + 32;

/// Bytes of a run without its calls, with the place that a growing list leaves free.
pub(super) const RUN: usize = 2 * size_of::<Run>() + 32;

/// Bytes of a call, with the place that a growing list leaves free.
pub(super) const CALL: usize = 2 * size_of::<u16>();

/// Bytes that lives take.
pub(super) fn taken_by(lives: &[Life]) -> usize {
    let bytes = |run: &Run| RUN + CALL * run.tokens.len();
    let bytes = |life: &Life| LIFE + life.runs.iter().map(bytes).sum::<usize>();
    lives.iter().map(bytes).sum()
}

impl Census {
    /// Begins a run after a gap, in the place of one that has no call yet.
    pub(super) fn begin_run(&mut self, life: usize, first_seq: u64) {
        let room = self.room.checked_sub(RUN);
        let Some(life) = self.lives.get_mut(life) else {
            return;
        };
        match (life.runs.last_mut(), room) {
            (Some(run), _) if run.tokens.is_empty() => run.first_seq = first_seq,
            (_, Some(room)) => {
                self.room = room;
                life.runs.push(Run {
                    first_seq,
                    ..Run::default()
                });
            }
            // What follows is not of the run before: the life ends here.
            (_, None) => life.is_whole = false,
        }
    }

    /// Keeps a call of a life of which `kept` are. No life takes more room than it leaves to those
    /// to come, so that a thread that goes on for ever does not keep the beginnings of others from
    /// being seen.
    pub(super) fn keep(&mut self, life: usize, kept: &mut usize, token: u32) {
        let room = self.room.checked_sub(CALL).filter(|&it| it >= CALL * *kept);
        let life = self.lives.get_mut(life).filter(|life| life.is_whole);
        let run = life.and_then(|life| life.runs.last_mut());
        match (run, room) {
            (Some(run), Some(room)) => {
                if run.tokens.len().is_multiple_of(STEP) {
                    #[expect(clippy::cast_possible_truncation, reason = "a time need not be exact")]
                    let now = self.profile.known.learned().exposure() as f32;
                    if run.tokens.is_empty() {
                        run.began = now;
                    } else {
                        run.times.push(now);
                    }
                }
                // A vocabulary has SIZE tokens.
                run.tokens
                    .push(u16::try_from(token).unwrap_or(Vocabulary::UNSEEN as u16));
                self.room = room;
                *kept += 1;
            }
            _ => self.progress.not_kept += 1,
        }
    }
}
