//! What is left out together.
//!
//! Lives are grouped by what is known of them beforehand, never by how they score. Of a kind of
//! which several lives were seen to begin, whole lives are left out. Of a kind of which one was,
//! and of every thread that was there before the recording began, segments of its life after the
//! first are.

use std::collections::HashMap;
use std::ops::Range;

use super::census::{Kind, Life};

/// Folds of a kind, at most, and segments of a life.
const FOLDS: usize = 20;

/// Segments of a life.
const SEGMENTS: usize = 10;

/// Calls of a segment, at least.
const LEAST_SEGMENT: usize = 100;

/// Calls of a run that are left out in one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Piece {
    /// Which life.
    pub life: usize,
    /// Which of its runs.
    pub run: usize,
    /// Which of that run's calls.
    pub calls: Range<usize>,
}

/// What is left out when.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// The pieces of each fold; none of them in two.
    pub folds: Vec<Vec<Piece>>,
    /// Kinds of which one life was seen to begin.
    pub begun_once: u64,
    /// Threads that were there before.
    pub begun_before: u64,
}

/// Plans what to leave out.
#[must_use]
pub fn plan(lives: &[Life]) -> Plan {
    let mut kinds: HashMap<Kind, Vec<usize>> = HashMap::new();
    let mut order = Vec::new();
    let mut plan = Plan::default();
    let mut alone = Vec::new();
    for (place, life) in lives.iter().enumerate() {
        if !life.kind.begun {
            plan.begun_before += 1;
            alone.push(place);
            continue;
        }
        let of_kind = kinds.entry(life.kind).or_insert_with(|| {
            order.push(life.kind);
            Vec::new()
        });
        of_kind.push(place);
    }
    for kind in order {
        let places = &kinds[&kind];
        if let [only] = places[..] {
            plan.begun_once += 1;
            alone.push(only);
            continue;
        }
        let folds = places.len().min(FOLDS);
        for fold in 0..folds {
            let lives_of_fold = places.iter().skip(fold).step_by(folds);
            let pieces = lives_of_fold.flat_map(|&life| {
                let runs = lives[life].runs.iter().enumerate();
                runs.map(move |(run, it)| Piece {
                    life,
                    run,
                    calls: 0..it.tokens.len(),
                })
            });
            plan.folds.push(pieces.collect());
        }
    }
    for life in alone {
        plan.folds.extend(segments(life, &lives[life]));
    }
    plan
}

/// The segments of a life after the first.
fn segments(place: usize, life: &Life) -> impl Iterator<Item = Vec<Piece>> {
    let calls: usize = life.runs.iter().map(|run| run.tokens.len()).sum();
    let segments = (calls / LEAST_SEGMENT).min(SEGMENTS);
    (1..segments).map(move |segment| {
        let whole = calls * segment / segments..calls * (segment + 1) / segments;
        let mut before = 0;
        let mut pieces = Vec::new();
        for (run, it) in life.runs.iter().enumerate() {
            let end = before + it.tokens.len();
            let calls =
                whole.start.clamp(before, end) - before..whole.end.clamp(before, end) - before;
            if !calls.is_empty() {
                pieces.push(Piece {
                    life: place,
                    run,
                    calls,
                });
            }
            before = end;
        }
        pieces
    })
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::learn::census::{Kind, Life, Run};
    use crate::syscall::event::Comm;

    fn life(name: &[u8], begun: bool, runs: &[usize]) -> Life {
        let name = Comm::new(name);
        Life {
            kind: Kind {
                first: name,
                last: name,
                begun,
            },
            is_whole: true,
            runs: runs
                .iter()
                .map(|&calls| Run {
                    first_seq: 0,
                    tokens: vec![0; calls],
                    ..Run::default()
                })
                .collect(),
        }
    }

    #[test]
    fn whole_lives_are_left_out_where_there_are_several() {
        let lives: Vec<_> = (0..45).map(|_| life(b"sh", true, &[10, 5])).collect();
        let plan = plan(&lives);
        assert_eq!(plan.folds.len(), 20);
        let mut left_out: Vec<_> = plan
            .folds
            .iter()
            .flatten()
            .map(|p| (p.life, p.run))
            .collect();
        left_out.sort_unstable();
        let all: Vec<_> = (0..45).flat_map(|life| [(life, 0), (life, 1)]).collect();
        assert_eq!(left_out, all);
        assert_eq!((plan.begun_once, plan.begun_before), (0, 0));
    }

    #[test]
    fn of_a_life_that_is_alone_all_but_the_first_segment_is_left_out() {
        let lives = [
            life(b"web", false, &[950, 1050]),
            life(b"web", false, &[150]),
            life(b"log", true, &[1000]),
        ];
        let plan = plan(&lives);
        assert_eq!((plan.begun_once, plan.begun_before), (1, 2));
        let calls = |life| -> usize {
            let pieces = plan.folds.iter().flatten().filter(|p| p.life == life);
            pieces.map(|piece| piece.calls.len()).sum()
        };
        assert_eq!((calls(0), calls(1), calls(2)), (1800, 0, 900));
        // 800..1000 reaches over the gap.
        let over = plan.folds.iter().find(|fold| fold.len() == 2).expect("one");
        assert_eq!(
            (over[0].calls.clone(), over[1].calls.clone()),
            (800..950, 0..50)
        );
    }
}
