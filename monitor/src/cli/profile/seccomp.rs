//! A profile as a seccomp profile of the OCI runtime specification (opencontainers/runtime-spec, config-linux.md, "Seccomp").

use std::collections::BTreeSet;

use monitor::profile::Profile;
use monitor::syscall::event::Abi;
use monitor::syscall::table;
use serde_json::{Value, json};

const fn architecture(abi: Abi) -> &'static str {
    match abi {
        Abi::X86_64 => "SCMP_ARCH_X86_64",
        Abi::I386 => "SCMP_ARCH_X86",
        Abi::X32 => "SCMP_ARCH_X32",
        Abi::Aarch64 => "SCMP_ARCH_AARCH64",
        Abi::Arm => "SCMP_ARCH_ARM",
    }
}

/// The seccomp profile that allows what was learned, and how many calls have no name to allow them by.
pub fn profile(profile: &Profile) -> (Value, usize) {
    let calls = profile.vocabulary.calls();
    let names: BTreeSet<_> = calls.iter().filter_map(|&call| table::name(call)).collect();
    let nameless = calls.iter().filter(|&&call| table::name(call).is_none());
    let architectures: BTreeSet<_> = calls.iter().map(|call| architecture(call.abi)).collect();
    let json = json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": architectures,
        "syscalls": [{ "names": names, "action": "SCMP_ACT_ALLOW" }],
    });
    (json, nameless.count())
}

#[cfg(test)]
mod tests {
    use super::profile;
    use monitor::profile::Profile;
    use monitor::syscall::event::{Abi, Call};

    #[test]
    fn what_was_learned_is_allowed_and_nothing_else() {
        let mut learned = Profile::default();
        for (abi, number) in [
            (Abi::X86_64, 1),
            (Abi::X86_64, 0),
            (Abi::I386, 3),
            (Abi::X86_64, 9999),
        ] {
            learned.vocabulary.intern(Call { abi, number });
        }
        let (json, nameless) = profile(&learned);
        assert_eq!(nameless, 1);
        assert_eq!(json["defaultAction"], "SCMP_ACT_ERRNO");
        assert_eq!(
            json["syscalls"][0]["names"],
            serde_json::json!(["read", "write"])
        );
        assert_eq!(
            json["architectures"],
            serde_json::json!(["SCMP_ARCH_X86", "SCMP_ARCH_X86_64"])
        );
    }
}
