//! What becomes normal by an acceptance, in rows for people.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::text::call_name;
use crate::profile::accepted::Difference;
use crate::syscall::event::Call;
use crate::who::redaction::harmless;

/// Things of a kind that are named.
const NAMED: usize = 24;

/// What becomes normal of one kind.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Row {
    /// The kind: `calls`, `programs`, `by NAME`, `touches`, `outcomes` or `sequences`.
    pub kind: String,
    /// Which, by commas, or how many.
    pub which: String,
}

impl Row {
    fn of(kind: &str, all: &[impl Display]) -> Option<Self> {
        let named = all.iter().take(NAMED);
        let named: Vec<_> = named.map(|it| harmless(&it.to_string())).collect();
        let mut which = named.join(", ");
        if all.len() > NAMED {
            which.push_str(&format!(", and {} more", all.len() - NAMED));
        }
        (!all.is_empty()).then(|| Self {
            kind: harmless(kind),
            which,
        })
    }
}

/// A row for each kind of thing that becomes normal; empty when nothing does.
#[must_use]
pub fn rows(difference: &Difference) -> Vec<Row> {
    if difference.is_empty() {
        return Vec::new();
    }
    let names = |calls: &[Call]| -> Vec<String> { calls.iter().map(|&it| call_name(it)).collect() };
    let mut rows = vec![
        Row::of("calls", &names(&difference.calls)),
        Row::of("programs", &difference.names),
    ];
    for (name, calls) in &difference.calls_of_names {
        rows.push(Row::of(&format!("by {name}"), &names(calls)));
    }
    rows.push(Row::of("touches", &difference.touched));
    let went = difference.outcomes.iter();
    let went = went.map(|(detail, outcome)| format!("{detail}: {}", outcome.name()));
    rows.push(Row::of("outcomes", &went.collect::<Vec<_>>()));
    rows.push(Row::of("sequences", &[difference.sequences]));
    rows.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{NAMED, rows};
    use crate::profile::accepted::Difference;
    use crate::syscall::event::{Abi, Call, Comm};

    #[test]
    fn what_there_is_much_of_is_counted_and_no_name_steers_a_terminal() {
        let call = |number| Call {
            abi: Abi::X86_64,
            number,
        };
        let difference = Difference {
            calls: (0..NAMED as u32 + 2).map(call).collect(),
            names: vec![Comm::new(b"a\x1b[2J")],
            sequences: 3,
            ..Difference::default()
        };
        let rows = rows(&difference);
        let kinds: Vec<_> = rows.iter().map(|it| it.kind.as_str()).collect();
        assert_eq!(kinds, ["calls", "programs", "sequences"]);
        assert!(rows[0].which.starts_with("read, write, "));
        assert!(rows[0].which.ends_with(", and 2 more"), "{}", rows[0].which);
        assert!(!rows[1].which.contains('\u{1b}'));
        assert_eq!(rows[2].which, "3");
        assert!(super::rows(&Difference::default()).is_empty());
    }
}
