//! The targets that the suite was written for, and whether they are met.

use serde::Serialize;

use super::totals::Totals;
use super::{ByDetector, Detector, Suite};

/// False alarms per million calls that are accepted outside of the upgrade: one in 10 million.
const PER_MILLION: f64 = 0.1;

/// What a run says of a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// It is met.
    Met,
    /// It is not.
    NotMet,
    /// Nothing speaks against it, but there was too little to show it.
    TooLittle,
}

impl Shown {
    /// As a table says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::TooLittle => "not shown",
        }
    }
}

/// A target and what was found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Target {
    /// What is wanted.
    pub target: &'static str,
    /// Whether it is met.
    pub shown: Shown,
    /// What was found, in words.
    pub found: String,
}

/// Every target, over all services.
#[must_use]
pub fn targets(suite: &Suite) -> Vec<Target> {
    let totals = Totals::by_detector(&suite.services);
    vec![
        every_attack(&totals.monitor),
        most_attacks(&totals.monitor),
        few_false_alarms(&totals.monitor),
        better(
            "better on both counts than \"a call never seen before\"",
            &totals,
            Detector::NeverSeen,
        ),
        better("better on both counts than STIDE", &totals, Detector::Stide),
    ]
}

fn every_attack(monitor: &Totals) -> Target {
    let (detected, attacks) = (monitor.detected, monitor.attacks);
    Target {
        target: "every attack but the mimicry attempts is detected",
        shown: match attacks {
            0 => Shown::TooLittle,
            _ if detected == attacks => Shown::Met,
            _ => Shown::NotMet,
        },
        found: format!("{detected} of {attacks}"),
    }
}

/// The share of attacks with a trace in calls that is wanted.
const MOST: f64 = 0.9;

fn most_attacks(monitor: &Totals) -> Target {
    let traced = monitor.traced;
    let share = traced.count as f64 / traced.of.max(1) as f64;
    Target {
        target: "at least 90% of the attacks that leave a trace in calls are detected",
        shown: if traced.of == 0 {
            Shown::TooLittle
        } else if share < MOST {
            Shown::NotMet
        } else if traced.low < MOST {
            Shown::TooLittle
        } else {
            Shown::Met
        },
        found: traced.words(),
    }
}

fn few_false_alarms(monitor: &Totals) -> Target {
    let benign = monitor.outside_upgrade;
    let accepted = benign.calls as f64 / 1e6 * PER_MILLION;
    let shown = if benign.alarms as f64 > accepted {
        Shown::NotMet
    } else if benign
        .per_million_at_most
        .is_some_and(|most| most <= PER_MILLION)
    {
        Shown::Met
    } else {
        Shown::TooLittle
    };
    let mut found = format!(
        "{} in {:.2} million calls",
        benign.alarms,
        benign.calls as f64 / 1e6
    );
    if let Some(most) = benign.per_million_at_most {
        found += &format!(
            "; with 95% confidence at most {:.2} in 10 million",
            most * 10.0
        );
    }
    if shown == Shown::TooLittle {
        found += ", which is not few enough to show the target: more calls are needed";
    }
    Target {
        target: "at most 1 false alarm in 10 million benign calls outside of the upgrade",
        shown,
        found,
    }
}

/// Better means more attacks detected and fewer false alarms; as good is not better.
fn better(target: &'static str, totals: &ByDetector<Totals>, rule: Detector) -> Target {
    let (ours, theirs) = (&totals.monitor, totals.get(rule));
    let alarms = [ours, theirs].map(|it| it.outside_upgrade.alarms);
    let more = ours.detected > theirs.detected;
    let fewer = alarms[0] < alarms[1];
    Target {
        target,
        shown: match (ours.attacks, ours.outside_upgrade.calls) {
            (0, _) | (_, 0) => Shown::TooLittle,
            _ if more && fewer => Shown::Met,
            _ => Shown::NotMet,
        },
        found: format!(
            "attacks detected: {} against {} of {}{}; false alarms outside of the upgrade: {} \
             against {}{}",
            ours.detected,
            theirs.detected,
            ours.attacks,
            as_good(ours.detected == theirs.detected),
            alarms[0],
            alarms[1],
            as_good(alarms[0] == alarms[1]),
        ),
    }
}

const fn as_good(equal: bool) -> &'static str {
    if equal { " (as many)" } else { "" }
}
