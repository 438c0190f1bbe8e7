use proptest::prelude::*;

use super::{Node, PartsError};
use crate::profile::ngram::Ngram;

fn sequence(length: u32, seed: u32) -> Vec<u32> {
    let mut state = seed;
    (0..length)
        .map(|place| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 29 == 0 {
                (state >> 8) % 12
            } else {
                place % 5
            }
        })
        .collect()
}

fn learned(sequences: &[Vec<u32>]) -> Ngram {
    let mut model = Ngram::new(6, 12).expect("a usable order");
    for sequence in sequences {
        let mut cursor = model.middle();
        for &token in sequence {
            model.learn_next(&mut cursor, token).expect("a token");
        }
    }
    model
}

fn unlearn(model: &mut Ngram, sequence: &[u32]) {
    let mut cursor = model.middle();
    for &token in sequence {
        model.unlearn_next(&mut cursor, token).expect("a token");
    }
}

#[test]
fn what_is_unlearned_was_never_learned() {
    let sequences: Vec<_> = (0..4).map(|seed| sequence(400, seed)).collect();
    let mut model = learned(&sequences);
    unlearn(&mut model, &sequences[2]);
    let without = learned(&[
        sequences[0].clone(),
        sequences[1].clone(),
        sequences[3].clone(),
    ]);
    assert_eq!(model.nodes(), without.nodes());
    assert_eq!(model.learned(), without.learned());
    let probe = sequence(300, 77);
    assert_eq!(
        model.surprises(probe.iter().copied()),
        without.surprises(probe.iter().copied()),
        "to the bit"
    );
    let mut cursor = model.middle();
    for &token in &sequences[2] {
        model.learn_next(&mut cursor, token).expect("a token");
    }
    assert_eq!(model.nodes(), learned(&sequences).nodes());
}

#[test]
fn a_segment_in_the_middle_is_taken_out_and_put_back() {
    let whole = sequence(500, 1);
    let mut model = learned(std::slice::from_ref(&whole));
    let before = model.nodes();
    let at = |model: &Ngram| {
        let mut cursor = model.middle();
        whole[195..200]
            .iter()
            .for_each(|&t| model.advance(&mut cursor, t));
        cursor
    };
    let mut cursor = at(&model);
    for &token in &whole[200..300] {
        model.unlearn_next(&mut cursor, token).expect("a token");
    }
    assert_eq!(model.learned(), 400);
    assert_ne!(model.nodes(), before);
    let mut cursor = at(&model);
    for &token in &whole[200..300] {
        model.learn_next(&mut cursor, token).expect("a token");
    }
    assert_eq!(model.nodes(), before);
}

#[test]
fn only_the_longest_n_gram_is_new_and_only_once() {
    let mut model = Ngram::new(3, 4).expect("a usable order");
    let mut cursor = model.middle();
    let new: Vec<_> = [0, 1, 2, 0, 1, 2]
        .iter()
        .map(|&token| model.learn_next(&mut cursor, token).expect("a token"))
        .collect();
    // 012, 120, 201, and 012 again.
    assert_eq!(new, [false, false, true, true, true, false]);
}

#[test]
fn a_model_is_the_same_after_it_was_taken_apart() {
    let mut model = learned(&[sequence(400, 5)]);
    model.learn(sequence(100, 6)).expect("tokens");
    let counts = (model.learned(), 0);
    let again = Ngram::from_nodes(6, 12, counts, &model.nodes()).expect("a model");
    assert_eq!(again.nodes(), model.nodes());
    assert_eq!(again.len(), model.len());
    let probe = sequence(300, 78);
    assert_eq!(
        again.surprises(probe.iter().copied()),
        model.surprises(probe.iter().copied())
    );
}

#[test]
fn parts_that_are_no_model_are_refused() {
    let node = |length, token, count| Node {
        length,
        token,
        count,
    };
    let built = |nodes: &[Node]| Ngram::from_nodes(3, 4, (10, 0), nodes).map(|_| ());
    assert_eq!(
        built(&[node(1, 0, 5), node(2, 1, 5), node(1, 2, 5)]),
        Ok(())
    );
    let order = |place| Err(PartsError::Order(place));
    let count = |place| Err(PartsError::Count(place));
    assert_eq!(built(&[node(0, 0, 5)]), order(0));
    assert_eq!(built(&[node(2, 0, 5)]), order(0), "without its context");
    assert_eq!(built(&[node(1, 1, 5), node(1, 1, 5)]), order(1), "twice");
    assert_eq!(built(&[node(1, 5, 5)]), order(0), "no token");
    let deep = [node(1, 0, 5), node(2, 0, 4), node(3, 0, 3), node(4, 0, 2)];
    assert_eq!(built(&deep), order(3), "longer than the order");
    assert_eq!(built(&[node(1, 0, 0)]), count(0), "never seen");
    assert_eq!(built(&[node(1, 0, 11)]), count(0), "more than learned");
    assert_eq!(built(&[node(1, 0, 5), node(2, 1, 6)]), count(1));
    let shape = Ngram::from_nodes(0, 4, (0, 0), &[]);
    assert!(matches!(shape, Err(PartsError::Shape(_))));
}

#[test]
fn two_models_merged_are_one_that_learned_both() {
    let (first, second) = (sequence(300, 8), sequence(400, 9));
    // The other model numbers its tokens the other way round.
    let turned: Vec<_> = second.iter().map(|token| 11 - token).collect();
    let mut merged = learned(std::slice::from_ref(&first));
    let other = learned(&[turned]);
    merged.merge(&other, |token| 11 - token).expect("tokens");
    let both = learned(&[first, second]);
    assert_eq!(merged.nodes(), both.nodes());
    assert_eq!(merged.learned(), 700);
    let outside = merged.merge(&other, |token| token + 5);
    assert!(outside.is_err());
    assert_eq!(merged.nodes(), both.nodes());
}

proptest! {
    #[test]
    fn whatever_is_unlearned_was_never_learned(
        sequences in prop::collection::vec(prop::collection::vec(0..12_u32, 0..60), 1..6),
        which: prop::sample::Index,
        probe in prop::collection::vec(0..12_u32, 0..40),
    ) {
        let which = which.index(sequences.len());
        let mut model = learned(&sequences);
        unlearn(&mut model, &sequences[which]);
        let mut others = sequences.clone();
        others.remove(which);
        let without = learned(&others);
        prop_assert_eq!(model.nodes(), without.nodes());
        prop_assert_eq!(
            model.surprises(probe.iter().copied()),
            without.surprises(probe.iter().copied())
        );
        // What is learned again is there again, in whatever order.
        let mut cursor = model.middle();
        for &token in &sequences[which] {
            model.learn_next(&mut cursor, token).expect("a token");
        }
        prop_assert_eq!(model.nodes(), learned(&sequences).nodes());
    }
}
