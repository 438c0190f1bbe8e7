//! Landlock: which folders a thread still reads and writes.

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::Needs;

/// What any run reads: processes and what the kernel says about the host, the zone of its times,
/// the names of users, and the C library's data. Not `/etc` as a whole, which holds secrets.
const READ: &[&str] = &[
    "/proc",
    "/sys",
    "/usr/share/zoneinfo",
    "/usr/lib",
    "/lib",
    "/lib64",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/machine-id",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/dev/urandom",
];

/// What is both read and written.
const WRITE: &[&str] = &["/dev/null", "/dev/tty"];

/// Whether the kernel keeps to the folders.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Confinement {
    /// To all that this monitor knows to ask for.
    Full,
    /// To what this kernel knows.
    Partial,
    /// The kernel has no Landlock, or it is switched off.
    Unknown,
}

/// Keeps the calling thread, and those that it starts, to the folders of `needs`. Files that are
/// open stay open.
pub(super) fn confine(needs: &Needs) -> Result<Confinement, RulesetError> {
    // Linux 6.12; an older kernel takes the part that it knows.
    let newest = ABI::V6;
    let mut ruleset = landlock::Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))?
        .scope(Scope::AbstractUnixSocket)?;
    if !needs
        .families
        .iter()
        .any(|it| matches!(*it, libc::AF_INET | libc::AF_INET6))
    {
        ruleset = ruleset.handle_access(AccessNet::from_all(newest))?;
    }
    if !needs.signals_a_command {
        ruleset = ruleset.scope(Scope::Signal)?;
    }
    let mut ruleset = ruleset.create()?;
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    // Whatever makes, replaces and removes files, but no device, and nothing is executed.
    let writing = reading
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer;
    for path in READ {
        ruleset = allow(ruleset, path.as_ref(), reading)?;
    }
    for path in &needs.reads {
        ruleset = allow(ruleset, path, reading)?;
    }
    for path in WRITE {
        ruleset = allow(ruleset, path.as_ref(), reading | AccessFs::WriteFile)?;
    }
    for path in &needs.writes {
        ruleset = allow(ruleset, path, writing)?;
    }
    Ok(match ruleset.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Confinement::Full,
        RulesetStatus::PartiallyEnforced => Confinement::Partial,
        RulesetStatus::NotEnforced => Confinement::Unknown,
    })
}

/// A path that is not there needs no rule.
fn allow(
    ruleset: RulesetCreated,
    path: &std::path::Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(opened) = PathFd::new(path) else {
        return Ok(ruleset);
    };
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(ABI::V6)
    };
    ruleset.add_rule(PathBeneath::new(opened, access))
}
