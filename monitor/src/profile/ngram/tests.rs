use super::{HIGHEST_ORDER, Ngram, NgramError};

/// A sequence with structure: a cycle with an irregular token now and then.
fn sequence(length: u32, seed: u32) -> Vec<u32> {
    let mut state = seed;
    (0..length)
        .map(|place| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 28 == 0 {
                (state >> 8) % 12
            } else {
                place % 5
            }
        })
        .collect()
}

#[test]
fn probabilities_sum_to_one_in_every_context_and_order() {
    for order in [1, 2, 3, 6, HIGHEST_ORDER] {
        let mut model = Ngram::new(order, 12).expect("a usable order");
        for seed in 0..5 {
            model.learn(sequence(300, seed)).expect("in the vocabulary");
        }
        let mut cursor = model.start();
        for token in sequence(200, 99).into_iter().chain([11, 11, 10, 9]) {
            let sum: f64 = (0..12)
                .map(|token| {
                    model
                        .probability(&cursor, token)
                        .expect("in the vocabulary")
                })
                .sum();
            assert!((sum - 1.0).abs() < 1e-12, "order {order}: {sum}");
            model
                .surprise_next(&mut cursor, token)
                .expect("in the vocabulary");
        }
    }
}

#[test]
fn a_model_that_saw_nothing_finds_all_tokens_alike() {
    let model = Ngram::new(6, 341).expect("a usable order");
    let nats = model.surprise(&[1, 2, 3], 4).expect("in the vocabulary");
    assert!((nats - 341.0_f64.ln()).abs() < 1e-12);
}

/// By hand, for `a b a` with a vocabulary of 4: after nothing, c = 3, t = 2, so
/// p(a) = (2 + 2/4) / 5 = 0.5; after `a`, c = 1 (its last occurrence has no follower), t = 1, so
/// p(b | a) = (1 + p(b)) / 2 with p(b) = (1 + 2/4) / 5 = 0.3, which is 0.65.
#[test]
fn a_small_example_agrees_with_the_formula() {
    let mut model = Ngram::new(2, 4).expect("a usable order");
    model.learn([0, 1, 0]).expect("in the vocabulary");
    let probability =
        |context: &[u32], next| (-model.surprise(context, next).expect("known")).exp();
    assert!((probability(&[], 0) - 0.5).abs() < 1e-12);
    assert!((probability(&[0], 1) - 0.65).abs() < 1e-12);
    assert!(
        (probability(&[3], 1) - 0.3).abs() < 1e-12,
        "an unseen context gives way"
    );
    // After the start of a sequence `a` came once out of once.
    let at_start = model.probability(&model.start(), 0).expect("known");
    assert!((at_start - (1.0 + 0.5) / 2.0).abs() < 1e-12);
}

#[test]
fn a_cursor_and_a_written_out_context_agree() {
    let mut model = Ngram::new(4, 12).expect("a usable order");
    model.learn(sequence(500, 1)).expect("in the vocabulary");
    let tokens = sequence(100, 2);
    let streamed = model.surprises(tokens.iter().copied()).expect("known");
    for place in 3..tokens.len() {
        let nats = model
            .surprise(&tokens[..place], tokens[place])
            .expect("known");
        assert!((nats - streamed[place]).abs() < 1e-12);
    }
}

#[test]
fn learning_in_pieces_is_learning_at_once() {
    let (first, second) = (sequence(200, 3), sequence(300, 4));
    let mut at_once = Ngram::new(5, 12).expect("a usable order");
    let mut in_pieces = at_once.clone();
    at_once.learn(first.iter().copied()).expect("known");
    at_once.learn(second.iter().copied()).expect("known");
    // Two sequences side by side, token by token.
    let mut cursors = [in_pieces.start(); 2];
    for place in 0..300 {
        for (cursor, sequence) in cursors.iter_mut().zip([&first, &second]) {
            if let Some(&token) = sequence.get(place) {
                in_pieces.learn_next(cursor, token).expect("known");
            }
        }
    }
    assert_eq!((at_once.learned(), at_once.len()), (500, in_pieces.len()));
    let tokens = sequence(100, 5);
    assert_eq!(
        at_once.surprises(tokens.iter().copied()),
        in_pieces.surprises(tokens.iter().copied())
    );
}

#[test]
fn what_cannot_be_is_an_error() {
    assert_eq!(Ngram::new(0, 4).err(), Some(NgramError::Order(0)));
    assert_eq!(Ngram::new(17, 4).err(), Some(NgramError::Order(17)));
    assert_eq!(Ngram::new(2, 0).err(), Some(NgramError::Vocabulary(0)));
    let mut model = Ngram::new(2, 4).expect("a usable order");
    let outside = NgramError::Token {
        token: 4,
        vocabulary: 4,
    };
    assert_eq!(model.learn([0, 4]), Err(outside));
    assert_eq!(model.learned(), 1);
    assert_eq!(model.surprise(&[900], 4), Err(outside));
}

mod needs_adfa_ld {
    use std::path::{Path, PathBuf};

    use super::Ngram;
    use crate::trace::adfa::folder;

    fn traces(part: &str) -> Vec<Vec<u32>> {
        let root = std::env::var_os("MONITOR_ADFA_LD").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/adfa-ld"),
            PathBuf::from,
        );
        let root = root.join(part);
        let listing = folder::list(&root).expect("the folder of ADFA-LD");
        let text = |path| std::fs::read_to_string(root.join(path)).expect("a trace");
        let numbers = |path| {
            let text: String = text(path);
            let words = text.split_ascii_whitespace();
            words.map(|word| word.parse().expect("a number")).collect()
        };
        listing.files.iter().map(numbers).collect()
    }

    /// Order 6, learned on nine tenths of the normal training traces, scored on the others: nats a
    /// call. The golden values are from a plain Python program of the same formula (dictionaries of
    /// tuples), which gave 1.3042 and 1.0396; how much they differ shows how unlike the tenths are.
    #[test]
    #[ignore = "needs ADFA-LD"]
    fn held_out_normal_traces_cost_what_another_program_found() {
        let traces = traces("Training_Data_Master");
        for (held_out, golden) in [(0, 1.3042), (3, 1.0396)] {
            let mut model = Ngram::new(6, 341).expect("a usable order");
            for (place, trace) in traces.iter().enumerate() {
                if place % 10 != held_out {
                    model
                        .learn(trace.iter().copied())
                        .expect("in the vocabulary");
                }
            }
            let (mut nats, mut calls) = (0.0, 0);
            for trace in traces.iter().skip(held_out).step_by(10) {
                let surprises = model.surprises(trace.iter().copied()).expect("known");
                nats += surprises.iter().sum::<f64>();
                calls += trace.len();
            }
            let mean = nats / calls as f64;
            assert!((mean - golden).abs() < 1e-4, "{held_out}: {mean}");
        }
    }
}
