//! One trace: its calls, and what the model thinks of each.

use anyhow::Result;
use monitor::detect::detector::Detector;
use monitor::detect::threshold::{LEAST_CALLS, Scores};
use monitor::detect::verdict::{Pace, ThreadEnd};
use monitor::syscall::event::{Call, Stretch};
use monitor::syscall::{adfa, table};

/// How many likelier calls are told of each.
const ALTERNATIVES: usize = 3;

/// The calls of a thread, in runs without a gap.
#[derive(Debug, Default)]
pub struct Kept {
    runs: Vec<(u64, Vec<Call>)>,
}

impl Kept {
    /// Takes the next calls in; those that were there before are left out.
    pub fn add(&mut self, stretch: &Stretch) {
        let next = |(first, calls): &(u64, Vec<Call>)| first + calls.len() as u64;
        let expected = self.runs.last().map(next);
        let repeated = expected.map_or(0, |expected| expected.saturating_sub(stretch.first_seq));
        let repeated = usize::try_from(repeated).unwrap_or(usize::MAX);
        let Some(fresh) = stretch.calls.get(repeated..) else {
            return;
        };
        match self.runs.last_mut() {
            Some((_, calls)) if expected >= Some(stretch.first_seq) => {
                calls.extend_from_slice(fresh);
            }
            _ => self.runs.push((stretch.first_seq, fresh.to_vec())),
        }
    }
}

/// A call with the model's opinion.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedCall {
    /// Its place in the trace, from 0.
    pub seq: u64,
    /// The call.
    pub call: Call,
    /// Its index in the vocabulary.
    pub index: u16,
    /// Nats; `None` where too little stands before it.
    pub surprise: Option<f32>,
    /// The slow score after it, nats a call.
    pub score: Option<f64>,
    /// The likeliest other calls in its place: index and probability.
    pub expected: Vec<(u16, f32)>,
}

/// What is said of a trace as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opinion {
    /// No score crossed its threshold.
    Normal,
    /// One did.
    Alarm,
    /// There are too few calls to say.
    TooShort,
}

/// A trace with the model's opinion.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What it is called, escaped.
    pub name: String,
    /// Its calls, `restart_syscall` left out.
    pub calls: Vec<JudgedCall>,
    /// Calls with a surprise.
    pub scored: u64,
    /// Mean surprise, nats a call.
    pub mean: Option<f64>,
    /// The highest slow score, nats a call.
    pub score: Option<f64>,
    /// What the slow score must exceed.
    pub threshold: f64,
    /// Alarms raised.
    pub alarms: u32,
    /// What is said of it.
    pub opinion: Opinion,
}

impl Judged {
    /// Asks the model about every call; `end` is the detector's own word on the trace.
    ///
    /// # Errors
    /// When inference fails.
    pub fn new(
        name: String,
        kept: &Kept,
        end: &ThreadEnd,
        detector: &mut Detector,
    ) -> Result<Self> {
        let limits = *detector.limits();
        let mut calls = Vec::new();
        for (first, run) in &kept.runs {
            let first_of_run = calls.len();
            for (seq, &call) in (*first..).zip(run) {
                // The detector drops them too: the call they go on with was counted before.
                if !table::is_restart(call) {
                    calls.push(JudgedCall {
                        seq,
                        call,
                        index: adfa::map(call).index,
                        surprise: None,
                        score: None,
                        expected: Vec::new(),
                    });
                }
            }
            let run = &mut calls[first_of_run..];
            let indices: Vec<_> = run.iter().map(|one| one.index).collect();
            let explained =
                detector
                    .model_mut()
                    .explain(&indices, *first == 0, ALTERNATIVES + 1)?;
            let mut scores = Scores::new(&limits);
            for (one, explained) in run.iter_mut().zip(explained) {
                one.surprise = explained.surprise;
                one.expected = explained.expected;
                one.expected.retain(|&(index, _)| index != one.index);
                one.expected.truncate(ALTERNATIVES);
                if let Some(nats) = explained.surprise {
                    scores.push(nats);
                    one.score = Some(scores.get(Pace::Slow));
                }
            }
        }
        let opinion = match end {
            _ if end.alarms > 0 => Opinion::Alarm,
            _ if end.scored < LEAST_CALLS => Opinion::TooShort,
            _ => Opinion::Normal,
        };
        Ok(Self {
            name,
            calls,
            scored: end.scored,
            mean: end.mean_surprise,
            score: end.highest_score,
            threshold: limits.slow,
            alarms: end.alarms,
            opinion,
        })
    }
}

#[cfg(test)]
mod tests {
    use monitor::syscall::event::{Abi, Call, Stretch};

    use super::Kept;

    #[test]
    fn stretches_join_where_nothing_is_missing_and_repeated_calls_count_once() {
        let stretch = |first_seq: u64, count: u32| Stretch {
            first_seq,
            last_ns: 0,
            calls: (0..count)
                .map(|place| Call {
                    abi: Abi::I386,
                    number: first_seq as u32 + place,
                })
                .collect(),
        };
        let mut kept = Kept::default();
        kept.add(&stretch(0, 3));
        kept.add(&stretch(2, 3));
        kept.add(&stretch(1, 2));
        kept.add(&stretch(9, 1));
        let numbers = |run: &(u64, Vec<Call>)| {
            (
                run.0,
                run.1.iter().map(|call| call.number).collect::<Vec<_>>(),
            )
        };
        let runs: Vec<_> = kept.runs.iter().map(numbers).collect();
        assert_eq!(runs, [(0, vec![0, 1, 2, 3, 4]), (9, vec![9])]);
    }
}
