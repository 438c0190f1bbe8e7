//! Which host this is.

use std::fs;

use sha2::{Digest, Sha256};

use super::Host;
use super::redaction::harmless;

/// Stands before the id in its hash, so that it is no other program's hash of the same id
/// (machine-id(5)).
const MACHINE: &str = "monitor machine-id 1\0";
const BOOT: &str = "monitor boot-id 1\0";

impl Host {
    /// This host. A name that is given takes the place of its own; an empty one leaves it out.
    #[must_use]
    pub fn this(name: Option<&str>) -> Self {
        let read = |path: &str| {
            let text = fs::read_to_string(path).ok()?;
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let name = match name {
            Some(name) => Some(name.to_owned()).filter(|name| !name.is_empty()),
            None => read("/proc/sys/kernel/hostname"),
        };
        Self {
            name: name.map(|name| harmless(&name)),
            machine_id: read("/etc/machine-id").map(|id| hashed(MACHINE, &id)),
            boot_id: read("/proc/sys/kernel/random/boot_id").map(|id| hashed(BOOT, &id)),
        }
    }
}

fn hashed(domain: &str, id: &str) -> String {
    hex::encode(
        Sha256::new()
            .chain_update(domain)
            .chain_update(id)
            .finalize(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Host, hashed};

    #[test]
    fn the_name_can_be_given_or_left_out_and_ids_are_no_ids() {
        assert_eq!(Host::this(Some("")).name, None);
        let host = Host::this(Some("web-1"));
        assert_eq!(host.name.as_deref(), Some("web-1"));
        let boot = host.boot_id.expect("every Linux has one");
        assert_eq!(boot.len(), 64);
        // printf 'monitor machine-id 1\0abc' | sha256sum
        assert_eq!(hashed(super::MACHINE, "abc"), EXPECTED);
    }

    const EXPECTED: &str = "7887bce943d30e6a3a5368a03df9975e9415a86f1b03105798ec2a1ddb4f0c63";
}
