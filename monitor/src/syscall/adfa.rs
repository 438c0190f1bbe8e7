//! From a system call of today to the vocabulary of ADFA-LD.
//!
//! ADFA-LD was recorded on Ubuntu 11.04 (Linux 2.6.38, glibc 2.13) on i386: its numbers, 1 to 340,
//! are those of that table. Another ABI numbers otherwise, and a modern C library does the same
//! work by other calls, so calls are mapped by *meaning*:
//!
//! 1. the i386 call of the same name;
//! 2. where a program on i386 of that day made another call for the same work, that call; each such
//!    row of [`rules`] carries its reason;
//! 3. none ([`Rule::None`], index 0), with the reason in [`unmapped`].
//!
//! An i386 number of 1 to 340 is always itself: it *is* ADFA-LD's numbering, and its traces are
//! replayed as i386 calls. So a modern 32-bit program's `openat` stays 295 though one of 2011 would
//! have said `open`: the training data must not be rewritten by the map that serves it.
//!
//! The number alone does not tell everything. `openat` with a directory, `newfstatat` with
//! `AT_SYMLINK_NOFOLLOW` or `AT_EMPTY_PATH`, `statx` in the place of `lstat` and `unlinkat` in that
//! of `rmdir` look like their common form, because only numbers are captured.
//!
//! The choice of the rows of kind 2 was checked against the *normal* training traces (308,077
//! calls): they hold `open` 20,503 and `openat` 9, `mmap2` 13,097 and `mmap` 0, `stat64` 19,414 and
//! `stat` 0, `fcntl64` 9,784 and `fcntl` 0, `_llseek` 3,760 and `lseek` 833, `_newselect` 1,428 and
//! `select` 0, `sigreturn` 185 and `rt_sigreturn` 0, `ugetrlimit` 199 and `getrlimit` 0, `getuid32`
//! 345 and `getuid` 0, `getdents64` 1,273 and `getdents` 269, `nanosleep` 260 and `clock_nanosleep`
//! 0, `statfs64` 124 and `statfs` 7, `poll` 10,752 and `ppoll` 333, `pipe` 1,227 and `pipe2` 251,
//! `dup2` 942 and `dup3` 0, `fadvise64_64` 5 and `fadvise64` 0, `socketcall` 8,646, `ipc` 15.
//! Neither `sendfile` nor `sendfile64` occurs. A test counts them again.

pub mod rules;
pub mod unmapped;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::syscall::call::{Abi, Call};
use crate::syscall::table;

/// The largest index: `prlimit64`, the last call of Linux 2.6.38 on i386.
pub const LARGEST: u16 = 340;

/// Indices of the vocabulary: 0, which means no counterpart, and 1 to [`LARGEST`].
pub const VOCABULARY: usize = LARGEST as usize + 1;

/// Why a call has its index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// The i386 call of the same name; of i386 itself, the same number.
    Name,
    /// Another i386 call that did the same work; why that one.
    Meaning(&'static str),
    /// No counterpart; why not.
    None(&'static str),
}

/// Where a call stands in ADFA-LD's vocabulary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mapping {
    /// 1 to [`LARGEST`], or 0 for no counterpart.
    pub index: u16,
    /// Why.
    pub rule: Rule,
}

impl Mapping {
    const UNKNOWN: Self = Self {
        index: 0,
        rule: Rule::None("not a call of this table"),
    };
}

static MAPPINGS: LazyLock<[Vec<Mapping>; Abi::ALL.len()]> = LazyLock::new(|| Abi::ALL.map(build));

/// The mapping of every number of a table, from 0 to its largest below Arm's private calls.
fn build(abi: Abi) -> Vec<Mapping> {
    let meanings: HashMap<_, _> = rules::meanings(abi)
        .flat_map(|rows| rows.iter())
        .map(|row| (row.name, row))
        .collect();
    // Arm's private calls would make a table of a million rows: `map` derives them each time.
    let largest = table::calls(abi)
        .map(|call| call.number)
        .filter(|&number| number < 0x1_0000)
        .max()
        .unwrap_or(0);
    (0..=largest)
        .map(|number| derive(Call { abi, number }, &|name| meanings.get(name).copied()))
        .collect()
}

/// Applies the rules in their order, `meaning` being the rows of the call's ABI by name.
fn derive(call: Call, meaning: &dyn Fn(&str) -> Option<&'static rules::Meaning>) -> Mapping {
    if table::is_restart(call) {
        return Mapping {
            index: 0,
            rule: Rule::None(unmapped::RESTART),
        };
    }
    if call.abi == Abi::I386
        && let Ok(index) = u16::try_from(call.number)
        && index <= LARGEST
    {
        let rule = Rule::Name;
        return Mapping { index, rule };
    }
    let Some(name) = table::name(call) else {
        return Mapping::UNKNOWN;
    };
    if let Some(row) = meaning(name)
        && let Some(index) = index(row.adfa)
    {
        let rule = Rule::Meaning(row.reason);
        return Mapping { index, rule };
    }
    if let Some(index) = index(name) {
        let rule = Rule::Name;
        return Mapping { index, rule };
    }
    let reason = unmapped::NONE
        .iter()
        .find(|(_, names)| names.contains(&name));
    let reason = reason.map_or("no rule knows this call", |(reason, _)| reason);
    Mapping {
        index: 0,
        rule: Rule::None(reason),
    }
}

/// The index of `call` in ADFA-LD's vocabulary, and by which rule.
///
/// One indexed load; nothing is allocated after the first use.
#[must_use]
pub fn map(call: Call) -> Mapping {
    match MAPPINGS[usize::from(call.abi.tag())].get(call.number as usize) {
        Some(mapping) => *mapping,
        None if call.abi == Abi::Arm => derive(call, &|name| {
            rules::ARM_PRIVATE.iter().find(|row| row.name == name)
        }),
        None => Mapping::UNKNOWN,
    }
}

/// The i386 name of an index of 1 to [`LARGEST`]; `None` for others and for unassigned numbers.
#[must_use]
pub fn name(index: u16) -> Option<&'static str> {
    if index == 0 || index > LARGEST {
        return None;
    }
    table::name(Call {
        abi: Abi::I386,
        number: u32::from(index),
    })
}

/// The index whose i386 name is `name`, if it is one of 1 to [`LARGEST`].
#[must_use]
pub fn index(name: &str) -> Option<u16> {
    let number = table::number(Abi::I386, name)?;
    let index = u16::try_from(number).ok()?;
    (1..=LARGEST).contains(&index).then_some(index)
}

#[cfg(test)]
mod tests;
