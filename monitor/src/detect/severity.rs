//! How bad what an alarm says is, from its evidence.

use serde::{Deserialize, Serialize};

use crate::detect::verdict::{Alarm, Pace};
use crate::profile::first_seen::{First, FirstSeen};

/// By which factor a score must exceed its threshold to be more than a remark. An assumption, as
/// the order of all below is.
const MARKED: f64 = 2.0;

/// How bad an alarm or an incident is.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Unusual.
    #[default]
    Low,
    /// Markedly unusual.
    Medium,
    /// The service did what it never did.
    High,
    /// The service did what it never did and what only privileged programs do.
    Critical,
}

impl Severity {
    /// The severity of one alarm.
    ///
    /// Something that the service never did outweighs any unusual order of what it does: a call
    /// that only a privileged process has a use for, or a sensitive thing, is critical; a program,
    /// another call or another thing is high if the evidence crossed by itself. Sequences are
    /// medium where their score is at least twice the threshold. What rests on nothing learned is
    /// low.
    #[must_use]
    pub fn of(alarm: &Alarm) -> Self {
        if alarm.provisional {
            return Self::Low;
        }
        let firsts = || alarm.first_seen.iter().map(|first| &first.what);
        if alarm.first_seen.iter().any(FirstSeen::is_privileged) {
            return Self::Critical;
        }
        let by_firsts = alarm
            .reasons
            .iter()
            .any(|reason| reason.0 == Pace::FirstSeen);
        let whole = |what: &First| !matches!(what, First::CallOfName(..));
        if by_firsts && firsts().any(whole) {
            return Self::High;
        }
        let marked = |&(_, score, threshold): &(Pace, f64, f64)| score >= MARKED * threshold;
        if alarm.reasons.iter().any(marked) || by_firsts {
            return Self::Medium;
        }
        Self::Low
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Severity;
    use crate::detect::verdict::Pace;
    use crate::profile::first_seen::First;
    use crate::report::sample;

    #[test]
    fn what_was_never_done_outweighs_an_unusual_order() {
        let mut alarm = sample::profiled_alarm();
        assert_eq!(Severity::of(&alarm), Severity::Critical, "ptrace");
        alarm
            .first_seen
            .retain(|it| matches!(it.what, First::Name(_)));
        assert_eq!(Severity::of(&alarm), Severity::High, "a program");
        alarm.reasons.retain(|reason| reason.0 != Pace::FirstSeen);
        assert_eq!(Severity::of(&alarm), Severity::Low, "not by itself");
        alarm.reasons[0].1 = 9.0;
        assert_eq!(
            Severity::of(&alarm),
            Severity::Medium,
            "twice the threshold"
        );
        alarm.provisional = true;
        assert_eq!(Severity::of(&alarm), Severity::Low);
    }
}
