//! What is lacking until a service is watched.

use std::time::Duration;

use super::Life;
use super::evidence::Evidence;
use crate::config::Settings;
use crate::report::text::{counted, grouped};

/// By which factor what the data support may miss the budget.
pub const SUPPORTED_WITHIN: f64 = 10.0;

impl Life {
    /// What is lacking until it is watched, in words; empty when nothing is.
    #[must_use]
    pub fn lacks(&self, evidence: &Evidence, rules: &Settings) -> Vec<String> {
        let mut lacks = self.lacks_data(evidence, rules);
        if self.approved {
            return lacks;
        }
        if let Some(over) = self.over_budget.filter(|&it| it > SUPPORTED_WITHIN) {
            let more = words(Duration::try_from_secs_f64(self.more_s).unwrap_or_default());
            lacks.push(if self.more_s > 0.0 {
                format!("about {more} more to support {}", rules.budget)
            } else {
                format!("{over:.0} times the data to support {}", rules.budget)
            });
        }
        lacks
    }

    /// What learning by itself still lacks.
    pub(super) fn lacks_data(&self, evidence: &Evidence, rules: &Settings) -> Vec<String> {
        let mut lacks = Vec::new();
        if self.approved {
            if evidence.calls == 0 {
                lacks.push("a call".to_owned());
            }
            return lacks;
        }
        let left = rules.at_least.saturating_sub(self.learned());
        if !left.is_zero() {
            lacks.push(format!("{} more", words(left)));
        }
        let whole = Duration::try_from_secs_f64(self.whole_s).unwrap_or_default();
        let whole_left = rules.at_least.saturating_sub(whole);
        if whole_left > left {
            lacks.push(format!("{} without a lost call", words(whole_left)));
        }
        let calls = rules.least_calls.saturating_sub(evidence.calls);
        if calls > 0 {
            lacks.push(format!("{} more", counted(calls, "call")));
        } else if evidence.until_quiet > 0 {
            let lately = evidence.novelty.filter(|&it| it >= 0.1);
            let lately = lately.map(|it| format!(" ({it:.1} new sequences in a thousand lately)"));
            lacks.push(format!(
                "about {} more calls with nothing new{}",
                grouped(evidence.until_quiet),
                lately.unwrap_or_default()
            ));
        }
        if !evidence.begun_twice {
            lacks.push("one restart not yet seen".to_owned());
        }
        lacks
    }
}

/// A time in words: its largest unit.
fn words(span: Duration) -> String {
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7199 => (seconds.div_ceil(60), "minute"),
        7200..=172_799 => (seconds.div_ceil(3600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}
