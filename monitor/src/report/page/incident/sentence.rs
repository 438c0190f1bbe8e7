//! What stands in the cells of the page, in words.

use crate::detail::{Detail, Outcome, words};
use crate::report::json::alarm::{
    ExpectedRecord, FirstKind, FirstSeenRecord, SurprisingRecord, TouchRecord,
};

pub(super) fn name(name: Option<&str>, abi: &str, number: u32) -> String {
    name.map_or_else(|| format!("{abi} call {number}"), str::to_owned)
}

pub(super) fn sentence(first: &FirstSeenRecord) -> String {
    let call = || {
        name(
            first.name.as_deref(),
            first.abi.as_deref().unwrap_or("unknown"),
            first.number.unwrap_or(0),
        )
    };
    let comm = first.comm.as_deref().unwrap_or("a process");
    let mut sentence = match first.kind {
        FirstKind::ProcessName => format!("a process called {comm}"),
        FirstKind::Call => format!("the call {}", call()),
        FirstKind::CallOfName => format!("the call {} by {comm}", call()),
        FirstKind::Touch => did(first.detail.as_deref().unwrap_or_default(), None),
        FirstKind::Outcome => {
            let outcome = first.outcome.as_deref();
            let did = did(first.detail.as_deref().unwrap_or_default(), outcome);
            format!("{did}, which never went so before")
        }
    };
    if let Some(technique) = &first.technique {
        sentence += &format!(" ({technique})");
    }
    sentence
}

pub(super) fn touched(touch: &TouchRecord) -> String {
    did(&touch.detail, touch.outcome.as_deref())
}

/// What was touched, in words; as it stands where the log holds something else than this monitor
/// writes.
fn did(detail: &str, outcome: Option<&str>) -> String {
    let outcome = outcome.and_then(Outcome::from_name);
    match detail.parse::<Detail>() {
        Ok(detail) => words::did(&detail, outcome),
        Err(_) => format!("touched {detail}"),
    }
}

pub(super) fn usual(call: &SurprisingRecord) -> String {
    let likely = |it: &ExpectedRecord| {
        let name = it.name.as_deref().unwrap_or("another");
        match f64::from(it.probability) * 100.0 {
            ..1.0 => format!("{name} <1%"),
            percent => format!("{name} {percent:.0}%"),
        }
    };
    let expected: Vec<_> = call.expected.iter().map(likely).collect();
    expected.join(", ")
}
