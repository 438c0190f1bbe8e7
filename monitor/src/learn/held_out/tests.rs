use super::{Scorer, hold_out, weight};
use crate::detect::cusum::{CLIP, LEAST};
use crate::detect::detector::OwnSurprise;
use crate::learn::Census;
use crate::model::ScoreError;
use crate::profile::Profile;
use crate::syscall::event::{Call, Event, EventKind};
use crate::syscall::sample;

/// The n-gram alone.
struct Alone(Profile);

impl Scorer for Alone {
    fn edit(&mut self, edit: &mut dyn FnMut(&mut Profile)) {
        edit(&mut self.0);
    }

    fn score(
        &mut self,
        threads: &[(u64, Vec<Call>)],
        observer: &mut dyn FnMut(usize, &OwnSurprise),
    ) -> Result<(), ScoreError> {
        for (place, (_, calls)) in threads.iter().enumerate() {
            let mut cursor = self.0.ngram.middle();
            let mut whole_for = 0;
            let mut before = 0;
            for &call in calls {
                let token = self.0.vocabulary.token(call);
                let looked = self.0.ngram.look_next(&mut cursor, token);
                let (probability, counted) = looked.expect("a token");
                let breaks = counted.is_none_or(|before| before < whole_for);
                whole_for = if breaks { 1 } else { (whole_for + 1).min(5) };
                #[expect(clippy::cast_possible_truncation, reason = "nats")]
                let own = OwnSurprise {
                    token,
                    ngram: -probability.ln() as f32,
                    asked: false,
                    breaks: breaks.then_some([before, token]),
                    lstm: None,
                    share: 1.0,
                };
                before = own.token;
                observer(place, &own);
            }
        }
        Ok(())
    }
}

fn event(tid: u32, kind: EventKind) -> Event {
    sample::event(sample::thread(1, tid), 0, kind)
}

fn calls(tid: u32, numbers: impl IntoIterator<Item = u32>) -> Event {
    let calls = numbers.into_iter().map(sample::call);
    sample::stretch(sample::thread(1, tid), 0, 0, calls.collect())
}

fn fork(child_tid: u32) -> Event {
    event(
        1,
        EventKind::Fork {
            child_tgid: 1,
            child_tid,
        },
    )
}

fn held_out(events: &[Event]) -> (Profile, super::HeldOut) {
    let mut census = Census::new(Profile::default());
    events.iter().for_each(|event| census.push(event));
    let (profile, lives) = census.into_parts();
    let before = profile.ngram.nodes();
    let mut scorer = Alone(profile);
    let (_, held_out) = hold_out(&mut scorer, &lives, &mut |_, _| {}).expect("no inference");
    assert_eq!(scorer.0.ngram.nodes(), before, "learned as before");
    (scorer.0, held_out)
}

#[test]
fn a_life_unlike_the_others_peaks_when_it_is_left_out_and_others_do_not() {
    let usual = |tid| calls(tid, (0..1000).map(|n| n % 5));
    let alike: Vec<_> = (2..8).flat_map(|tid| [fork(tid), usual(tid)]).collect();
    let (_, quiet) = held_out(&alike);
    assert_eq!((quiet.calls, quiet.runs), (6000, 6));
    assert_eq!(
        quiet.peaks, [0.0; 0],
        "all of it was learned from the others"
    );
    assert!(quiet.drift > 0.0);
    let mut odd = alike;
    odd.extend([fork(9), calls(9, (0..1000).map(|n| 10 + n % 7))]);
    let (_, loud) = held_out(&odd);
    assert_eq!(loud.peaks.len(), 1, "{:?}", loud.peaks);
    assert!(loud.peaks[0] > 4.0 * LEAST && loud.peaks[0] <= 1000.0 * f64::from(CLIP));
}

#[test]
fn a_thread_that_was_there_before_is_left_out_in_segments() {
    let (_, found) = held_out(&[calls(2, (0..2000).map(|n| n % 5))]);
    assert_eq!((found.calls, found.runs), (1800, 9));
    assert_eq!((found.begun_once, found.begun_before), (0, 1));
    assert_eq!(found.peaks, [0.0; 0], "a segment begins in the middle");
}

#[test]
fn calls_after_a_gap_and_restarts_are_streams_as_the_detector_has_them() {
    let mut late = calls(2, [1, 219, 2]);
    if let EventKind::Calls(stretch) = &mut late.kind {
        stretch.first_seq = 100;
    }
    let mut census = Census::new(Profile::default());
    census.push(&calls(2, [1, 219, 2]));
    census.push(&late);
    assert_eq!(census.progress().lost, 97);
    assert_eq!(census.progress().calls, 4);
    let (profile, lives) = census.into_parts();
    assert_eq!(lives[0].runs.len(), 2);
    assert_eq!(lives[0].runs[1].first_seq, 100);
    // 1 2 was seen twice, and 2 1 never.
    assert_eq!(profile.ngram.count(&[0, 1]), 2.0);
    assert_eq!(profile.ngram.count(&[1, 0]), 0.0);
}

#[test]
fn what_is_kept_is_bounded_however_many_gaps_and_threads_there_are() {
    const ROOM: u64 = 1 << 20;
    let gaps = |event: u32| {
        let mut late = calls(2, [1]);
        if let EventKind::Calls(stretch) = &mut late.kind {
            stretch.first_seq = u64::from(event) * 2;
        }
        late
    };
    let threads = |event: u32| calls(2 + event, [1]);
    let long = |_| calls(2, std::iter::repeat_n(1, 100));
    for made in [&gaps as &dyn Fn(u32) -> Event, &threads, &long] {
        let mut census = Census::new(Profile::default()).within(ROOM * 8);
        for event in 0..100_000 {
            let mut event = made(event);
            if let EventKind::Calls(stretch) = &mut event.kind
                && stretch.calls.len() == 100
            {
                stretch.first_seq = census.progress().calls;
            }
            census.push(&event);
        }
        let progress = census.progress();
        let (_, lives) = census.into_parts();
        let kept: usize = lives
            .iter()
            .flat_map(|life| &life.runs)
            .map(|run| run.tokens.len())
            .sum();
        assert_eq!(kept as u64 + progress.not_kept, progress.calls);
        assert!(progress.not_kept > 0);
        let runs: usize = lives.iter().map(|life| life.runs.capacity()).sum();
        let tokens: usize = lives
            .iter()
            .flat_map(|life| &life.runs)
            .map(|run| run.tokens.capacity())
            .sum();
        let bytes = lives.capacity() * size_of_val(&lives[0]) + runs * 32 + tokens * 2;
        assert!(bytes as u64 <= 2 * ROOM, "{bytes}");
    }
}

/// Pairs drawn so that the likelihood is `30 ln(0.8 w + 0.1) + 10 ln(0.9 − 0.8 w)`, whose maximum
/// by hand is w = 0.8125.
#[test]
fn the_weight_is_the_likeliest_one() {
    let pairs: Vec<_> = std::iter::repeat_n((0.9, 0.1), 30)
        .chain(std::iter::repeat_n((0.1, 0.9), 10))
        .collect();
    let found = weight(pairs.iter().copied()).expect("pairs");
    assert!((found - 0.8125).abs() < 1e-4, "{found}");
    assert_eq!(weight(std::iter::empty()), None);
    let sure = weight(std::iter::once((1.0, 0.0))).expect("pairs");
    assert!((sure - 0.999).abs() < 1e-9, "bounded");
}
