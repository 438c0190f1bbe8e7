//! What changes from one configuration to another.

use std::collections::BTreeMap;

use super::Config;
use super::load::flat;

/// The values that a new configuration adds, removes and changes, by their dotted keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diff {
    /// Keys that were not there.
    pub added: Vec<String>,
    /// Keys that are there no more.
    pub removed: Vec<String>,
    /// Keys with another value: the key, the old and the new one.
    pub changed: Vec<(String, String, String)>,
}

/// Sections that take effect only when the monitor starts.
const AT_START: [&str; 6] = [
    "actions.",
    "host.",
    "metrics.",
    "discovery.user_units",
    "judging.cpu",
    "alarms.again_after",
];

impl Diff {
    /// What changes from `old` to `new`.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        let (old, new) = (flat(old), flat(new));
        let missing = |from: &BTreeMap<String, String>, of: &BTreeMap<String, String>| {
            let keys = of.keys().filter(|&key| !from.contains_key(key));
            keys.cloned().collect()
        };
        let changed = old.iter().filter_map(|(key, before)| {
            let after = new.get(key).filter(|&after| after != before)?;
            Some((key.clone(), before.clone(), after.clone()))
        });
        Self {
            added: missing(&old, &new),
            removed: missing(&new, &old),
            changed: changed.collect(),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Keys whose change waits for the next start.
    #[must_use]
    pub fn at_start(&self) -> Vec<&str> {
        let keys = self.added.iter().chain(&self.removed);
        let keys = keys.chain(self.changed.iter().map(|(key, ..)| key));
        let waits = |key: &&str| AT_START.iter().any(|it| key.starts_with(it));
        keys.map(String::as_str).filter(waits).collect()
    }
}

impl std::fmt::Display for Diff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing changed");
        }
        let added = self.added.iter().map(|key| format!("{key} added"));
        let removed = self.removed.iter().map(|key| format!("{key} removed"));
        let changed = self.changed.iter();
        let changed = changed.map(|(key, old, new)| format!("{key} from {old} to {new}"));
        let told: Vec<_> = changed.chain(added).chain(removed).collect();
        f.write_str(&told.join(", "))
    }
}
