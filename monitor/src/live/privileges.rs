//! Once the probe is attached, the monitor gives up what it no longer needs.

use caps::{CapSet, Capability, CapsHashSet};

/// Keeps the capability to look into maps, and that to pass on signals when a command is watched;
/// drops all others, for good.
///
/// # Errors
///
/// When the kernel refuses, which it does not when giving up.
pub fn drop_unneeded(signals_a_command: bool) -> Result<(), caps::errors::CapsError> {
    let mut wanted = CapsHashSet::from([Capability::CAP_BPF]);
    if signals_a_command {
        wanted.insert(Capability::CAP_KILL);
    }
    let held = caps::read(None, CapSet::Permitted)?;
    if !held.contains(&Capability::CAP_BPF) {
        // Then it is by this one that the probe was loaded.
        wanted.insert(Capability::CAP_SYS_ADMIN);
    }
    let kept: CapsHashSet = held.intersection(&wanted).copied().collect();
    // Without this, root would gain all of them again with the next program that it executes. Who
    // was given two capabilities and no more cannot do it, and gains none.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        // A kernel does not know the capabilities that are newer than itself.
        let holds = |it| caps::has_cap(None, CapSet::Bounding, it).unwrap_or(false);
        for capability in caps::all() {
            if !kept.contains(&capability) && holds(capability) {
                caps::drop(None, CapSet::Bounding, capability)?;
            }
        }
    }
    caps::clear(None, CapSet::Inheritable)?;
    caps::set(None, CapSet::Effective, &kept)?;
    caps::set(None, CapSet::Permitted, &kept)?;
    // SAFETY: prctl with these arguments takes no pointer; it cannot fail on a kernel that runs BPF.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    Ok(())
}

/// Drops every capability of the calling thread, for a thread that only writes to what is open.
///
/// # Errors
///
/// When the kernel refuses, which it does not when giving up.
pub fn drop_all() -> Result<(), caps::errors::CapsError> {
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        caps::clear(None, set)?;
    }
    Ok(())
}
