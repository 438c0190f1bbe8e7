//! In what two profiles differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use monitor::detail::sensitive;
use monitor::profile::Profile;
use monitor::report::text::{call_name, grouped};
use monitor::syscall::event::Call;

use super::show::sequence;

/// Sequences that are shown of each.
const SHOWN: usize = 10;

/// Things touched that are shown of each.
const TOUCHED: usize = 50;

/// The difference, for people.
pub fn text(one: &Profile, other: &Profile) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "calls: Jensen-Shannon divergence {:.4} nats (0 alike, {:.4} nothing in common)",
        divergence(&one.calls(), &other.calls()),
        std::f64::consts::LN_2
    )?;
    for (which, mine, theirs) in [("first", one, other), ("second", other, one)] {
        let known: BTreeSet<Call> = theirs.vocabulary.calls().iter().copied().collect();
        for (call, count) in mine
            .calls()
            .iter()
            .filter(|(call, _)| !known.contains(call))
        {
            let name = call_name(*call);
            writeln!(text, "only in the {which}: call {name}, {}", made(*count))?;
        }
        let known = theirs.known.names();
        for name in mine
            .known
            .names()
            .keys()
            .filter(|name| !known.contains_key(name))
        {
            writeln!(text, "only in the {which}: process name {name}")?;
        }
        let known: BTreeSet<_> = theirs.sequences().into_iter().map(|(it, _)| it).collect();
        let mine_all = mine;
        let mine = mine.sequences().into_iter();
        for (calls, count) in mine.filter(|(it, _)| !known.contains(it)).take(SHOWN) {
            writeln!(
                text,
                "only in the {which}: {}, {}",
                sequence(&calls),
                made(count)
            )?;
        }
        let things = mine_all.touched.things().iter();
        let things = things.filter(|(detail, _)| !theirs.touched.knows(detail));
        let mut things: Vec<_> = things.collect();
        // What is heavy wherever it is new comes first.
        things.sort_by_key(|(detail, _)| sensitive::of(detail).is_none());
        for (detail, _) in things.iter().take(TOUCHED) {
            let line = sensitive::of(detail).map(|line| format!(" ({})", line.what));
            writeln!(
                text,
                "only in the {which}: {detail}{}",
                line.unwrap_or_default()
            )?;
        }
        if let Some(more) = things.len().checked_sub(TOUCHED).filter(|&more| more > 0) {
            writeln!(text, "only in the {which}: {more} more things touched")?;
        }
        let (accepted, known) = (&mine_all.accepted, &theirs.accepted);
        let known: BTreeSet<_> = known.acceptances.iter().map(|it| &it.alarm).collect();
        let added = accepted
            .acceptances
            .iter()
            .filter(|it| !known.contains(&it.alarm));
        for acceptance in added.take(SHOWN) {
            writeln!(
                text,
                "only in the {which}: the acceptance of alarm {}, of {} sequences",
                acceptance.alarm.escape_debug(),
                acceptance.sequences
            )?;
        }
    }
    Ok(text)
}

/// How often a call was made, or that an alarm with it was accepted, which counts nothing.
fn made(count: u64) -> String {
    match count {
        0 => "accepted with an alarm".to_owned(),
        1 => "made once".to_owned(),
        _ => format!("made {} times", grouped(count)),
    }
}

/// The Jensen-Shannon divergence (Lin 1991) of how often calls were made, nats.
fn divergence(one: &[(Call, u64)], other: &[(Call, u64)]) -> f64 {
    let mut shares: BTreeMap<Call, [f64; 2]> = BTreeMap::new();
    for (which, calls) in [one, other].into_iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
        let all = calls.iter().map(|&(_, count)| count).sum::<u64>().max(1) as f64;
        for &(call, count) in calls {
            #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
            let share = count as f64 / all;
            shares.entry(call).or_default()[which] = share;
        }
    }
    let part = |share: f64, mean: f64| match share {
        0.0 => 0.0,
        share => 0.5 * share * (share / mean).ln(),
    };
    let parts = shares.values().map(|&[a, b]| {
        let mean = 0.5 * (a + b);
        part(a, mean) + part(b, mean)
    });
    parts.sum()
}

#[cfg(test)]
mod tests {
    use super::divergence;
    use monitor::syscall::event::{Abi, Call};

    #[test]
    fn the_divergence_is_zero_for_the_same_and_ln_2_for_nothing_in_common() {
        let call = |number| Call {
            abi: Abi::X86_64,
            number,
        };
        let one = [(call(0), 3), (call(1), 1)];
        let twice = [(call(0), 6), (call(1), 2)];
        assert!(divergence(&one, &twice).abs() < 1e-12);
        let other = [(call(2), 5)];
        assert!((divergence(&one, &other) - std::f64::consts::LN_2).abs() < 1e-12);
    }
}
