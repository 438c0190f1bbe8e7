//! What came of all recordings at one share of the LSTM.

use serde::Serialize;

use crate::scenarios::report::detection::Detected;
use crate::scenarios::report::totals::{Alarms, median};

/// What came of all recordings at one share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What the LSTM may see, percent of the calls that ask for it.
    pub lstm_percent: f64,
    /// Recordings.
    pub recordings: usize,
    /// Those of them with the very alarms that the live run had told.
    pub as_live: usize,
    /// Calls.
    pub calls: u64,
    /// Those of them that asked for the LSTM.
    pub asked: u64,
    /// Those of them that it saw.
    pub answered: u64,
    /// Attacks that were made, mimicry apart.
    pub attacks: usize,
    /// Those of them that were detected.
    pub detected: usize,
    /// Mimicry attempts that were made.
    pub mimicry: usize,
    /// Those of them that were detected.
    pub mimicry_detected: usize,
    /// The median delay of those detected, mimicry apart, in calls of the attack's process tree.
    pub median_delay_calls: Option<f64>,
    /// False alarms on the version that was learned.
    pub outside_upgrade: Alarms,
    /// False alarms on another version or build.
    pub inside_upgrade: Alarms,
    /// Attacks that are detected where the LSTM sees all, and not here.
    pub missed: Vec<String>,
    /// Attacks that are detected here, and not where the LSTM sees all.
    pub found: Vec<String>,
}

/// What came of one recording at one share.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub name: String,
    pub what: What,
    pub calls: u64,
    pub asked: u64,
    pub answered: u64,
    pub as_live: bool,
}

#[derive(Clone, Debug)]
pub enum What {
    Life {
        upgrade: bool,
        seconds: f64,
        alarms: u64,
    },
    Attack {
        mimicry: bool,
        detected: Option<Detected>,
    },
}

impl Outcome {
    const fn detected(&self) -> Option<Detected> {
        match self.what {
            What::Attack { detected, .. } => detected,
            What::Life { .. } => None,
        }
    }

    /// Whether it is of an attack, and of the wanted kind.
    const fn is_attack(&self, padded: bool) -> bool {
        matches!(self.what, What::Attack { mimicry, .. } if mimicry == padded)
    }
}

impl Row {
    /// The figures of a share; `whole` is what came of the same recordings where the LSTM sees all.
    pub fn new(lstm_percent: f64, outcomes: &[Outcome], whole: &[Outcome]) -> Self {
        let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum();
        let of = |padded| -> Vec<Option<Detected>> {
            let attacks = outcomes.iter().filter(|it| it.is_attack(padded));
            attacks.map(Outcome::detected).collect()
        };
        let (attacks, mimicry) = (of(false), of(true));
        let false_alarms = |within| {
            let mut sum = (0, 0, 0.0);
            for it in outcomes {
                if let What::Life {
                    upgrade,
                    seconds,
                    alarms,
                } = it.what
                    && upgrade == within
                {
                    sum = (sum.0 + alarms, sum.1 + it.calls, sum.2 + seconds);
                }
            }
            Alarms::new(sum.0, sum.1, sum.2)
        };
        // In one and not in the other.
        let differing = |one: &[Outcome], other: &[Outcome]| {
            let pairs = one.iter().zip(other);
            let only = pairs.filter(|(a, b)| a.detected().is_some() && b.detected().is_none());
            only.map(|(it, _)| it.name.clone()).collect()
        };
        let delays = attacks.iter().flatten().map(|it| it.delay_calls as f64);
        Self {
            lstm_percent,
            recordings: outcomes.len(),
            as_live: outcomes.iter().filter(|it| it.as_live).count(),
            calls: sum(|it| it.calls),
            asked: sum(|it| it.asked),
            answered: sum(|it| it.answered),
            attacks: attacks.len(),
            detected: attacks.iter().flatten().count(),
            mimicry: mimicry.len(),
            mimicry_detected: mimicry.iter().flatten().count(),
            median_delay_calls: median(delays),
            outside_upgrade: false_alarms(false),
            inside_upgrade: false_alarms(true),
            missed: differing(whole, outcomes),
            found: differing(outcomes, whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Detected, Outcome, Row, What};

    fn outcome(name: &str, what: What) -> Outcome {
        Outcome {
            name: name.to_owned(),
            what,
            calls: 1_000_000,
            asked: 100,
            answered: 30,
            as_live: name != "b",
        }
    }

    fn attack(name: &str, mimicry: bool, delay_calls: Option<u64>) -> Outcome {
        let detected = delay_calls.map(|delay_calls| Detected {
            delay_ms: 1.0,
            delay_calls,
        });
        outcome(name, What::Attack { mimicry, detected })
    }

    fn life(upgrade: bool, alarms: u64) -> Outcome {
        let seconds = 60.0;
        let what = What::Life {
            upgrade,
            seconds,
            alarms,
        };
        outcome("life", what)
    }

    #[test]
    fn a_row_tells_attacks_from_mimicry_and_lives_from_upgrades() {
        let whole = [
            attack("a", false, Some(4)),
            attack("b", false, None),
            attack("c", false, Some(8)),
            attack("d", true, Some(1)),
            life(false, 2),
            life(true, 5),
            life(false, 1),
        ];
        let mut some = whole.clone();
        some[0] = attack("a", false, None);
        some[1] = attack("b", false, Some(6));
        let row = Row::new(30.0, &some, &whole);
        assert_eq!((row.attacks, row.detected), (3, 2));
        assert_eq!((row.mimicry, row.mimicry_detected), (1, 1));
        assert_eq!(row.median_delay_calls, Some(7.0));
        assert_eq!((row.calls, row.asked, row.answered), (7_000_000, 700, 210));
        assert_eq!((row.recordings, row.as_live), (7, 6));
        let alarms = |it: &super::Alarms| (it.alarms, it.calls);
        assert_eq!(alarms(&row.outside_upgrade), (3, 2_000_000));
        assert_eq!(alarms(&row.inside_upgrade), (5, 1_000_000));
        assert_eq!(
            (row.missed, row.found),
            (vec!["a".into()], vec!["b".into()])
        );
        let same = Row::new(100.0, &whole, &whole);
        assert!(same.missed.is_empty() && same.found.is_empty());
    }
}
