//! The table of each ABI, made at its first use.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::names::{IO_URING_NAMES, X32_FIRST, X32_NAMES};
use crate::syscall::call::Abi;

/// One ABI's table: names by number, numbers by name.
pub(super) struct Table {
    pub names: Vec<Option<&'static str>>,
    pub numbers: HashMap<&'static str, u32>,
}

impl Table {
    fn new(calls: impl Iterator<Item = (u32, &'static str)>) -> Self {
        let mut table = Self {
            names: Vec::new(),
            numbers: HashMap::new(),
        };
        for (number, name) in calls {
            // A Rust keyword among the crate's names (`break`) comes out as a raw identifier.
            let name = name.trim_start_matches("r#");
            let place = number as usize;
            if table.names.len() <= place {
                table.names.resize(place + 1, None);
            }
            table.names[place] = Some(name);
            // x32 gives some names twice: the later number is the one that it really uses.
            table.numbers.insert(name, number);
        }
        table
    }
}

pub(super) static TABLES: LazyLock<[Table; Abi::ALL.len()]> = LazyLock::new(|| Abi::ALL.map(build));

/// The numbered names of one of the crate's tables. Not by its `Sysno::iter`, which leaves out the
/// last call (version 0.8.1).
macro_rules! numbered {
    ($table:ident) => {
        (0u32..)
            .take(syscalls::$table::Sysno::table_size())
            .filter_map(|number| {
                let call = syscalls::$table::Sysno::new(number as usize)?;
                Some((number, call.name()))
            })
    };
}

fn build(abi: Abi) -> Table {
    match abi {
        Abi::X86_64 => Table::new(numbered!(x86_64)),
        Abi::I386 => Table::new(numbered!(x86)),
        Abi::X32 => Table::new(numbered!(x86_64).chain((X32_FIRST..).zip(X32_NAMES))),
        Abi::Aarch64 => Table::new(
            numbered!(aarch64)
                .filter(|(number, _)| !(403..=423).contains(number))
                .map(|(number, name)| match name {
                    "fstatat" => (number, "newfstatat"),
                    _ => (number, name),
                }),
        ),
        Abi::Arm => Table::new(numbered!(arm)),
        Abi::IoUring => Table::new((0..).zip(IO_URING_NAMES)),
    }
}
