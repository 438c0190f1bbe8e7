//! One file over another, with the line that each value comes from.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::values::quoted;

/// Line numbers, as a tree beside the values.
pub(super) enum Lines {
    Value(usize),
    Table(BTreeMap<String, Lines>),
    Array(Vec<Lines>),
}

pub(super) fn lines_of(table: &DeTable<'_>, line_at: &dyn Fn(usize) -> usize) -> Lines {
    let of = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), lines_of_value(value, line_at))
    };
    Lines::Table(table.iter().map(of).collect())
}

fn lines_of_value(value: &toml::Spanned<DeValue<'_>>, line_at: &dyn Fn(usize) -> usize) -> Lines {
    match value.get_ref() {
        DeValue::Table(table) => lines_of(table, line_at),
        DeValue::Array(values) if values.iter().any(|it| it.get_ref().is_table()) => Lines::Array(
            values
                .iter()
                .map(|it| lines_of_value(it, line_at))
                .collect(),
        ),
        _ => Lines::Value(line_at(value.span().start)),
    }
}

/// Puts `from` over `into`, table by table; arrays of tables add up.
pub(super) fn merge(
    into: &mut Table,
    from: Table,
    lines: &Lines,
    path: &mut Vec<String>,
    origin: &mut dyn FnMut(String, usize),
) {
    let Lines::Table(lines) = lines else { return };
    for (key, value) in from {
        let Some(lines) = lines.get(&key) else {
            continue;
        };
        path.push(quoted(&key));
        match (into.get_mut(&key), value) {
            (Some(Value::Table(mine)), Value::Table(theirs)) => {
                merge(mine, theirs, lines, path, origin);
            }
            (Some(Value::Array(mine)), Value::Array(theirs))
                if matches!(lines, Lines::Array(_)) =>
            {
                note(lines, path, mine.len(), origin);
                mine.extend(theirs);
            }
            (_, value) => {
                note(lines, path, 0, origin);
                into.insert(key, value);
            }
        }
        path.pop();
    }
}

/// Notes where the values of a tree come from; those of an array follow `before` others.
fn note(
    lines: &Lines,
    path: &mut Vec<String>,
    before: usize,
    origin: &mut dyn FnMut(String, usize),
) {
    match lines {
        Lines::Value(line) => origin(path.join("."), *line),
        Lines::Table(table) => {
            for (key, lines) in table {
                path.push(quoted(key));
                note(lines, path, 0, origin);
                path.pop();
            }
        }
        Lines::Array(values) => {
            for (at, lines) in values.iter().enumerate() {
                let last = path.pop().unwrap_or_default();
                path.push(format!("{last}[{}]", before + at));
                note(lines, path, 0, origin);
                path.pop();
                path.push(last);
            }
        }
    }
}
