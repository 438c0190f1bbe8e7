//! On which arguments a learned call is allowed only.
//!
//! A condition stands only where it cannot break what was learned: the argument is a number that
//! seccomp sees in a register (no pointer), a service's whole use of it was learned, and no start
//! of a container needs another value.

use std::collections::BTreeSet;

use monitor::detail::{Detail, Field};
use monitor::profile::Profile;
use monitor::profile::touched::MOST_THINGS;
use monitor::syscall::event::Abi;
use serde_json::{Value, json};

/// `PROT_WRITE` and `PROT_EXEC` of include/uapi/asm-generic/mman-common.h.
const WRITE: u64 = 2;
const EXECUTE: u64 = 4;

/// `CLONE_NEW…` of include/uapi/linux/sched.h but `CLONE_NEWTIME`, whose bit is of the signal for
/// `clone`: as in Docker's default profile (moby, profiles/seccomp/default.json).
const NAMESPACES: u64 = 0x7e02_0000;

/// Calls whose first, or given, argument is one of the learned values.
const BY_VALUE: [(&str, Field, u32); 5] = [
    ("bpf", Field::Bpf, 0),
    ("ptrace", Field::Ptrace, 0),
    ("setns", Field::JoinNamespace, 1),
    ("socket", Field::Socket, 0),
    ("unshare", Field::Unshare, 0),
];

/// Calls that give memory its rights, in the third argument.
const OF_MEMORY: [&str; 4] = ["mmap", "mmap2", "mprotect", "pkey_mprotect"];

/// Rules that allow calls of `names` under conditions, each with the call's name: these stand in
/// the place of one that allows it always.
pub fn rules(
    profile: &Profile,
    names: &BTreeSet<&'static str>,
    abis: &BTreeSet<Abi>,
) -> Vec<(&'static str, Value)> {
    // Of a service that touches more than is kept nobody knows all.
    if profile.touched.is_empty() || profile.touched.things().len() >= MOST_THINGS {
        return Vec::new();
    }
    let learned = |wanted: Field| -> BTreeSet<u64> {
        let things = profile.touched.things().keys();
        let numbers = things.filter_map(|detail| match detail {
            Detail::Number(field, number) if *field == wanted => Some(*number),
            _ => None,
        });
        numbers.collect()
    };
    let mut rules = Vec::new();
    for (name, field, index) in BY_VALUE {
        if !names.contains(name) {
            continue;
        }
        let values = learned(field).into_iter().map(|value| match field {
            Field::Socket => value >> 16,
            _ => value,
        });
        for value in values.collect::<BTreeSet<_>>() {
            let argument = json!({ "index": index, "value": value, "op": "SCMP_CMP_EQ" });
            rules.push((name, rule(name, &argument)));
        }
    }
    // i386's `mmap` has its arguments in memory.
    let readable = |name: &str| !(name == "mmap" && abis.contains(&Abi::I386));
    let both = Field::WRITE | Field::EXECUTE;
    if learned(Field::Memory).iter().all(|it| it & both != both) {
        for name in OF_MEMORY {
            if !names.contains(name) || !readable(name) {
                continue;
            }
            for rights in [0, WRITE, EXECUTE] {
                rules.push((name, rule(name, &masked(2, WRITE | EXECUTE, rights))));
            }
        }
    }
    let makes_namespaces = |it: &u64| it & NAMESPACES != 0;
    if names.contains("clone") && !learned(Field::Clone).iter().any(makes_namespaces) {
        rules.push(("clone", rule("clone", &masked(0, NAMESPACES, 0))));
    }
    rules
}

fn rule(name: &str, argument: &Value) -> Value {
    json!({ "names": [name], "action": "SCMP_ACT_ALLOW", "args": [argument] })
}

fn masked(index: u32, mask: u64, value: u64) -> Value {
    json!({ "index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use monitor::profile::Profile;
    use monitor::profile::touched::Sighting;
    use monitor::syscall::event::Abi;

    use super::rules;

    fn learned(details: &[&str]) -> Profile {
        let mut profile = Profile::default();
        for text in details {
            let detail = text.parse().expect("a detail");
            profile.touched.learn(&detail, None, Sighting::default());
        }
        profile
    }

    fn said(profile: &Profile, names: &[&'static str], abis: &[Abi]) -> Vec<String> {
        let names: BTreeSet<_> = names.iter().copied().collect();
        let abis: BTreeSet<_> = abis.iter().copied().collect();
        let rules = rules(profile, &names, &abis).into_iter();
        let shown = rules.map(|(name, rule)| {
            let argument = &rule["args"][0];
            let two = argument.get("valueTwo").map_or("", |_| "&");
            format!("{name} {} {two}{}", argument["index"], argument["value"])
        });
        shown.collect()
    }

    #[test]
    fn what_was_learned_of_an_argument_is_all_that_is_allowed() {
        let profile = learned(&["socket:131073", "socket:131074", "socket:65537", "read:/x"]);
        let rules = said(&profile, &["bpf", "read", "socket"], &[Abi::X86_64]);
        assert_eq!(rules, ["socket 0 1", "socket 0 2"]);
        assert!(said(&learned(&[]), &["socket", "mmap"], &[Abi::X86_64]).is_empty());
    }

    #[test]
    fn memory_is_written_or_executed_where_both_was_never_learned() {
        let names = ["clone", "mmap", "mprotect"];
        let plain = learned(&["memory:2", "clone:4001536"]);
        let rules = said(&plain, &names, &[Abi::X86_64]);
        let of_mmap = rules.iter().filter(|it| it.starts_with("mmap 2 &6"));
        assert_eq!((of_mmap.count(), rules.len()), (3, 7), "{rules:?}");
        assert_eq!(rules[6], "clone 0 &2114060288");
        let with_old = said(&plain, &names, &[Abi::X86_64, Abi::I386]);
        assert_eq!(with_old.len(), 4, "i386's mmap has no such argument");
        let both = learned(&["memory:3", "clone:268435456"]);
        assert!(said(&both, &names, &[Abi::X86_64]).is_empty());
    }
}
