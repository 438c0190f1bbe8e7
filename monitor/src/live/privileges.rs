//! Once the probe is attached, the monitor gives up what it no longer needs.
//!
//! Rights belong to threads. Whoever starts the stages of a run gives up its own first, and the
//! stages inherit what is left:
//!
//! - a user of its own: `monitor`, or a number that no user has;
//! - no capability but those that are used, and none to be gained by a program;
//! - Landlock: the folders that the run reads and writes, and no others;
//! - seccomp: no call by which a process becomes another, reaches into another, or changes the
//!   host.

mod filter;
mod folders;
mod user;

use std::error::Error;
use std::io;
use std::path::PathBuf;

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};

pub use folders::Confinement;

/// What a run still needs after its start.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Whether maps of the probe are read.
    pub reads_maps: bool,
    /// Whether files of other processes in /proc are read, to say who a process is.
    pub looks_up_processes: bool,
    /// Whether signals are passed on to a command.
    pub signals_a_command: bool,
    /// Folders in which files are made, replaced or removed.
    pub writes: Vec<PathBuf>,
    /// Files and folders that are read.
    pub reads: Vec<PathBuf>,
    /// Families of sockets that are made (`AF_…`).
    pub families: Vec<libc::c_int>,
    /// Whether it stays the user that it is, since what it sends is heeded by that. It must be kept
    /// from files by Landlock then.
    pub stays_the_user: bool,
}

impl Needs {
    /// Adds the folder of a file that is made, replaced or removed.
    #[must_use]
    pub fn with_file(mut self, file: &std::path::Path) -> Self {
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => std::path::Path::new("."),
        };
        self.writes.push(folder.to_owned());
        self
    }
}

/// Why rights could not be given up.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// The capabilities could not be set.
    #[error("the capabilities cannot be dropped")]
    Capabilities(#[source] Box<dyn Error + Send + Sync>),
    /// The user could not be changed.
    #[error("the user cannot be changed")]
    User(#[source] io::Error),
    /// Landlock refused.
    #[error("Landlock refuses the folders of this run")]
    Folders(#[from] landlock::RulesetError),
    /// The kernel takes no seccomp filter.
    #[error("the kernel takes no seccomp filter (CONFIG_SECCOMP_FILTER)")]
    Filter(#[from] seccompiler::Error),
    /// The filter cannot be made.
    #[error("the seccomp filter cannot be made")]
    FilterForm(#[from] seccompiler::BackendError),
}

impl PrivilegeError {
    fn of_capabilities(error: CapsError) -> Self {
        Self::Capabilities(Box::new(error))
    }
}

/// What could not be given up on this host, a sentence each.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remains(pub Vec<&'static str>);

/// Gives up every right of the calling thread that is not needed, for good. Threads that it starts
/// afterwards do not have them either.
///
/// # Errors
///
/// When the kernel refuses, which it does not when giving up.
pub fn give_up(needs: &Needs) -> Result<Remains, PrivilegeError> {
    let mut remains = Remains::default();
    let held = caps::read(None, CapSet::Permitted).map_err(PrivilegeError::of_capabilities)?;
    let kept = kept(needs, &held);
    bound(&kept).map_err(PrivilegeError::of_capabilities)?;
    // SAFETY: prctl with these arguments takes no pointer; it cannot fail on a kernel that runs
    // BPF.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // Under Landlock the kernel shows no file of a process outside of it
    // (security/landlock/task.c, hook_ptrace_access_check).
    if !needs.looks_up_processes && folders::confine(needs)? == Confinement::Unknown {
        remains
            .0
            .push("this kernel has no Landlock: the monitor is kept from files by its user alone");
    }
    if !needs.stays_the_user && !user::become_own().map_err(PrivilegeError::User)? {
        remains.0.push(
            "the monitor cannot become its own user: this user namespace does not have it, or \
             CAP_SETUID and CAP_SETGID are missing; it goes on as the one it is",
        );
    }
    hold(&kept).map_err(PrivilegeError::of_capabilities)?;
    filter::apply(needs)?;
    Ok(remains)
}

/// Takes away for good what a program that is executed could gain.
fn bound(kept: &CapsHashSet) -> Result<(), CapsError> {
    // Without this, root would gain all of them again with the next program that it executes. Who
    // was given two capabilities and no more cannot do it, and gains none.
    if !caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        return Ok(());
    }
    // A kernel does not know the capabilities that are newer than itself.
    let holds = |it| caps::has_cap(None, CapSet::Bounding, it).unwrap_or(false);
    for capability in caps::all() {
        if !kept.contains(&capability) && holds(capability) {
            caps::drop(None, CapSet::Bounding, capability)?;
        }
    }
    Ok(())
}

/// Gives up all capabilities but these.
fn hold(kept: &CapsHashSet) -> Result<(), CapsError> {
    caps::clear(None, CapSet::Inheritable)?;
    caps::set(None, CapSet::Effective, kept)?;
    caps::set(None, CapSet::Permitted, kept)
}

/// The capabilities that are needed, of those that there are.
fn kept(needs: &Needs, held: &CapsHashSet) -> CapsHashSet {
    let mut wanted = CapsHashSet::new();
    if needs.reads_maps {
        wanted.insert(Capability::CAP_BPF);
        if !held.contains(&Capability::CAP_BPF) {
            // Then it is by this one that the probe was loaded.
            wanted.insert(Capability::CAP_SYS_ADMIN);
        }
    }
    if needs.looks_up_processes {
        wanted.insert(Capability::CAP_SYS_PTRACE);
        wanted.insert(Capability::CAP_DAC_READ_SEARCH);
    }
    if needs.signals_a_command {
        wanted.insert(Capability::CAP_KILL);
    }
    if !needs.reads.is_empty() {
        // A profile is readable for its owner alone; Landlock leaves it these folders.
        wanted.insert(Capability::CAP_DAC_READ_SEARCH);
    }
    if !needs.writes.is_empty() {
        // Root's folders are written to by this right alone; Landlock leaves it these folders.
        wanted.insert(Capability::CAP_DAC_OVERRIDE);
    }
    held.intersection(&wanted).copied().collect()
}

/// The user that the monitor becomes, by whom files that it made belong.
#[must_use]
pub fn own_user() -> libc::uid_t {
    user::own().0
}

#[cfg(test)]
mod tests;
