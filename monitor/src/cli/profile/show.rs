//! What a profile holds.

use std::collections::BTreeMap;
use std::fmt::Write;

use monitor::detail::access::Effect;
use monitor::detail::{Detail, sensitive};
use monitor::profile::Profile;
use monitor::profile::budget::{self, Budget};
use monitor::profile::touched::Thing;
use monitor::report::text::{call_name, grouped};
use monitor::syscall::event::Call;
use monitor::who::redaction::harmless;
use serde::Serialize;

use crate::cli::judge::span;
use crate::cli::learn::summary::expected;

/// Sequences that are shown of each kind.
const SHOWN: usize = 10;

/// Everything that is shown.
#[derive(Serialize)]
pub struct Shown {
    sha256: String,
    calls_learned: u64,
    threads: u64,
    seconds: f64,
    settled_after_calls: Option<u64>,
    budget: String,
    sequence: f64,
    first_seen: f64,
    expected: String,
    origins: Vec<Origin>,
    calls: Vec<(String, u64)>,
    names: Vec<String>,
    commonest: Vec<(Vec<String>, u64)>,
    rarest: Vec<(Vec<String>, u64)>,
    accepted: Vec<(String, usize, Option<String>)>,
    touched: Vec<Touched>,
    touched_otherwise: u64,
}

/// Something that the service touches.
#[derive(Serialize)]
struct Touched {
    detail: String,
    count: u64,
    first_seen_s: f64,
    outcomes: BTreeMap<&'static str, u32>,
    sensitive: Option<&'static str>,
    #[serde(skip)]
    group: &'static str,
}

#[derive(Serialize)]
struct Origin {
    name: String,
    sha256: String,
    calls: u64,
    lost: u64,
    model: String,
}

/// The outcome that goes without saying.
const ALL_WELL: &str = "ok";

/// What is touched, as people sort it.
const GROUPS: [&str; 5] = [
    "programs run",
    "files read",
    "files written, renamed, removed or changed",
    "addresses",
    "memory, flags and requests",
];

#[expect(clippy::cast_precision_loss, reason = "a time need not be exact")]
fn touched((detail, thing): (&Detail, &Thing)) -> Touched {
    let group = match detail {
        Detail::Path(access, _) | Detail::UnreadablePath(access) => match access.effect() {
            Effect::Runs => GROUPS[0],
            Effect::Reads | Effect::Enters => GROUPS[1],
            Effect::Changes | Effect::Mounts => GROUPS[2],
        },
        Detail::Address(..) | Detail::UnreadableAddress(_) => GROUPS[3],
        Detail::Number(..) => GROUPS[4],
    };
    Touched {
        detail: detail.to_string(),
        count: thing.count,
        first_seen_s: thing.first.millis as f64 / 1000.0,
        outcomes: thing
            .outcomes
            .all()
            .map(|(it, count)| (it.name(), count))
            .collect(),
        sensitive: sensitive::of(detail).map(|line| line.what),
        group,
    }
}

fn names(calls: &[Option<Call>]) -> Vec<String> {
    let name = |call: &Option<Call>| call.map_or_else(|| "(unknown)".into(), call_name);
    calls.iter().map(name).collect()
}

/// A sequence of calls in words.
pub fn sequence(calls: &[Option<Call>]) -> String {
    names(calls).join(" ")
}

impl Shown {
    /// What is to be shown of a profile.
    pub fn new(profile: &Profile, sha256: &str, budget: &Budget) -> Self {
        let (thresholds, support) = budget::thresholds(profile, budget);
        let sequences = profile.sequences();
        let named = |(calls, count): &(Vec<Option<Call>>, u64)| (names(calls), *count);
        let settled = profile.novelty.settled(profile.known.sightings());
        let calls = profile.calls();
        Self {
            sha256: sha256.into(),
            calls_learned: profile.provenance.calls(),
            threads: profile.provenance.lives(),
            seconds: profile.provenance.seconds(),
            settled_after_calls: settled.map(|it| it.calls),
            budget: budget.to_string(),
            sequence: thresholds.sequence,
            first_seen: thresholds.first_seen,
            expected: expected(&support),
            origins: profile
                .provenance
                .origins
                .iter()
                .map(|origin| Origin {
                    name: origin.name.escape_debug().to_string(),
                    sha256: origin.sha256.escape_debug().to_string(),
                    calls: origin.calls,
                    lost: origin.lost,
                    model: origin.model.0.escape_debug().to_string(),
                })
                .collect(),
            calls: calls
                .iter()
                .map(|&(call, count)| (call_name(call), count))
                .collect(),
            names: profile
                .known
                .names()
                .keys()
                .map(ToString::to_string)
                .collect(),
            commonest: sequences.iter().take(SHOWN).map(named).collect(),
            rarest: sequences.iter().rev().take(SHOWN).map(named).collect(),
            accepted: profile
                .accepted
                .acceptances
                .iter()
                .map(|it| {
                    let reason = it.reason.as_deref().map(harmless);
                    (harmless(&it.alarm), it.sequences, reason)
                })
                .collect(),
            touched: profile.touched.things().iter().map(touched).collect(),
            touched_otherwise: profile.touched.others(),
        }
    }

    /// It for people.
    ///
    /// # Errors
    /// None that can come of writing to a string.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        writeln!(
            text,
            "{} calls of {} threads in {}, sha256 {}",
            grouped(self.calls_learned),
            grouped(self.threads),
            span(self.seconds),
            &self.sha256[..12]
        )?;
        match self.settled_after_calls {
            Some(after) => writeln!(text, "settled after {} calls", grouped(after))?,
            None => writeln!(text, "not settled: record more, by monitor learn --update")?,
        }
        writeln!(
            text,
            "thresholds for {}: {:.2} never seen before, {:.1} sequences never learned; {} \
             expected",
            self.budget, self.first_seen, self.sequence, self.expected
        )?;
        for origin in &self.origins {
            let (calls, lost) = (grouped(origin.calls), grouped(origin.lost));
            writeln!(
                text,
                "learned from {}: {calls} calls, {lost} lost, with the model {}",
                origin.name, origin.model
            )?;
        }
        writeln!(text, "process names: {}", self.names.join(" "))?;
        writeln!(text, "{} calls:", self.calls.len())?;
        for (call, count) in &self.calls {
            writeln!(text, "  {:>14} {call}", grouped(*count))?;
        }
        for (which, sequences) in [("commonest", &self.commonest), ("rarest", &self.rarest)] {
            writeln!(text, "{which} sequences of six:")?;
            for (calls, count) in sequences {
                writeln!(text, "  {:>14} {}", grouped(*count), calls.join(" "))?;
            }
        }
        for group in GROUPS {
            let things = self.touched.iter().filter(|it| it.group == group);
            let things: Vec<_> = things.collect();
            if !things.is_empty() {
                writeln!(text, "{group} ({}):", things.len())?;
            }
            for thing in things {
                let (word, what) = thing.detail.split_once(':').unwrap_or_default();
                let first = thing.first_seen_s;
                let count = grouped(thing.count);
                write!(
                    text,
                    "  {count:>14} {word:<12} {what}, first after {first:.0} s"
                )?;
                for (outcome, count) in thing.outcomes.iter().filter(|it| *it.0 != ALL_WELL) {
                    write!(text, ", {} {outcome}", grouped(u64::from(*count)))?;
                }
                match thing.sensitive {
                    Some(line) => writeln!(text, " ({line})")?,
                    None => writeln!(text)?,
                }
            }
        }
        for (id, sequences, reason) in &self.accepted {
            let why = reason
                .as_ref()
                .map_or_else(String::new, |it| format!(" ({it})"));
            writeln!(text, "accepted {id}: {sequences} sequences{why}")?;
        }
        Ok(text)
    }
}
