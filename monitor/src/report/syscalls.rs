//! The table of `monitor syscalls`: every call of an ABI and where the map puts it.

use std::io::{self, Write};

use serde::Serialize;

use crate::syscall::adfa::{self, Rule};
use crate::syscall::event::{Abi, Call};
use crate::syscall::table;

/// One call and its place in ADFA-LD's vocabulary.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Row {
    /// The ABI, as on the command line.
    pub abi: &'static str,
    /// Its number there; of x32, without bit 30.
    pub number: u32,
    /// Its name there.
    pub name: &'static str,
    /// 1 to 340, or 0 for no counterpart.
    pub index: u16,
    /// The i386 name of the index; `None` for no counterpart.
    pub adfa_name: Option<&'static str>,
    /// `name`, `meaning` or `none`.
    pub rule: &'static str,
    /// Why a call has the index of another name, or none; `None` where the name is the same.
    pub reason: Option<&'static str>,
}

impl Row {
    fn new(call: Call) -> Option<Self> {
        let mapping = adfa::map(call);
        let (rule, reason) = match mapping.rule {
            Rule::Name => ("name", None),
            Rule::Meaning(reason) => ("meaning", Some(reason)),
            Rule::None(reason) => ("none", Some(reason)),
        };
        Some(Self {
            abi: table::abi_name(call.abi),
            number: call.number,
            name: table::name(call)?,
            index: mapping.index,
            adfa_name: adfa::name(mapping.index),
            rule,
            reason,
        })
    }
}

/// Every call of the table of `abi`, by rising number.
pub fn rows(abi: Abi) -> impl Iterator<Item = Row> {
    table::calls(abi).filter_map(Row::new)
}

/// Writes the table for people: aligned columns, and a line of totals at the end.
///
/// # Errors
///
/// A failure of `out`.
pub fn write_text(out: &mut impl Write, abi: Abi) -> io::Result<()> {
    writeln!(
        out,
        "{:>6}  {:<28} {:>5}  {:<22} {:<7}  why",
        table::abi_name(abi),
        "name",
        "index",
        "ADFA-LD name",
        "rule"
    )?;
    let mut totals = [0u32; 3];
    for row in rows(abi) {
        let line = format!(
            "{:>6}  {:<28} {:>5}  {:<22} {:<7}  {}",
            row.number,
            row.name,
            row.index,
            row.adfa_name.unwrap_or("-"),
            row.rule,
            row.reason.unwrap_or("")
        );
        writeln!(out, "{}", line.trim_end())?;
        let place = match row.rule {
            "name" => 0,
            "meaning" => 1,
            _ => 2,
        };
        totals[place] += 1;
    }
    let [name, meaning, none] = totals;
    writeln!(
        out,
        "{} calls: {name} by name, {meaning} by meaning, {none} without a counterpart",
        name + meaning + none
    )
}

/// Writes the table as one JSON object a line, with the fields of [`Row`].
///
/// # Errors
///
/// A failure of `out`.
pub fn write_json(out: &mut impl Write, abi: Abi) -> io::Result<()> {
    for row in rows(abi) {
        serde_json::to_writer(&mut *out, &row)?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{rows, write_json, write_text};
    use crate::syscall::event::Abi;
    use crate::syscall::table;

    #[test]
    fn the_text_has_a_line_for_every_call_and_totals() {
        let mut out = Vec::new();
        write_text(&mut out, Abi::X86_64).expect("memory");
        let text = String::from_utf8(out).expect("text");
        let calls = table::calls(Abi::X86_64).count();
        assert_eq!(text.lines().count(), calls + 2);
        let mmap = text
            .lines()
            .find(|line| line.contains("  mmap "))
            .expect("mmap");
        let words: Vec<_> = mmap.split_whitespace().take(5).collect();
        assert_eq!(words, ["9", "mmap", "192", "mmap2", "meaning"]);
        let last = text.lines().last().expect("totals");
        assert!(last.starts_with(&format!("{calls} calls: ")), "{last}");
    }

    #[test]
    fn every_line_of_json_is_an_object_with_all_fields() {
        for abi in Abi::ALL {
            let mut out = Vec::new();
            write_json(&mut out, abi).expect("memory");
            let text = String::from_utf8(out).expect("text");
            assert_eq!(text.lines().count(), rows(abi).count());
            for line in text.lines() {
                let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
                assert_eq!(row["abi"], table::abi_name(abi));
                assert_eq!(row["adfa_name"].is_null(), row["index"] == 0, "{line}");
                assert_eq!(row["reason"].is_null(), row["rule"] == "name", "{line}");
            }
        }
    }
}
