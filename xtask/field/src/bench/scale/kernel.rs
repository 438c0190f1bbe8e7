//! What a process' BPF maps take in the kernel.

use std::collections::BTreeSet;
use std::fs;

use serde::Serialize;

/// A kind of map: its number, its name and what it is called when it is told of.
///
/// `enum bpf_map_type` of the kernel's `include/uapi/linux/bpf.h`.
const KINDS: [(u32, &str); 4] = [
    (1, "hash"),
    (2, "array"),
    (6, "array a CPU"),
    (27, "ring buffer"),
];

/// One map.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Map {
    /// Its number in the kernel.
    pub id: u32,
    /// What kind it is.
    pub kind: &'static str,
    /// Bytes of a value.
    pub value_bytes: u64,
    /// The most entries that it takes; of a ring buffer, its bytes.
    pub max_entries: u64,
    /// Bytes that the kernel holds for it.
    pub memory_bytes: u64,
}

/// The maps that a process holds open, each once.
#[must_use]
pub fn maps(pid: u32) -> Vec<Map> {
    let entries = fs::read_dir(format!("/proc/{pid}/fdinfo"));
    let found: BTreeSet<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| map(&fs::read_to_string(entry.path()).ok()?))
        .collect();
    found.into_iter().collect()
}

/// From the text of a descriptor's `fdinfo` (`bpf_map_show_fdinfo` of the kernel's
/// `kernel/bpf/syscall.c`); `None` when it is no map's.
fn map(text: &str) -> Option<Map> {
    let field = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = fields.find(|(field, _)| *field == name)?;
        value.trim().parse::<u64>().ok()
    };
    let kind = u32::try_from(field("map_type")?).ok()?;
    Some(Map {
        id: u32::try_from(field("map_id")?).ok()?,
        kind: KINDS
            .iter()
            .find(|(number, _)| *number == kind)
            .map_or("other", |(_, name)| name),
        value_bytes: field("value_size")?,
        max_entries: field("max_entries")?,
        memory_bytes: field("memlock")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Map, map};

    #[test]
    fn a_map_is_told_from_other_descriptors() {
        let text = "pos:\t0\nflags:\t02000002\nmnt_id:\t16\nino:\t1059\nmap_type:\t1\nkey_size:\t4\nvalue_size:\t328\n\
                    max_entries:\t10240\nmap_flags:\t0x0\nmap_extra:\t0x0\nmemlock:\t4012672\nmap_id:\t77\nfrozen:\t0\n";
        let expected = Map {
            id: 77,
            kind: "hash",
            value_bytes: 328,
            max_entries: 10240,
            memory_bytes: 4_012_672,
        };
        assert_eq!(map(text), Some(expected));
        assert_eq!(map("pos:\t0\nprog_type:\t17\nmemlock:\t4096\n"), None);
        assert_eq!(map(""), None);
    }
}
