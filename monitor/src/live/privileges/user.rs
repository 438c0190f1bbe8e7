//! The user of a run after its start.

use std::io;

use nix::unistd::User;

/// Its name, where a package made it.
const NAME: &str = "monitor";

/// Its number where nobody has the name: of those that systemd leaves unused (60578 to 61183, as
/// its documentation of users, groups, UIDs and GIDs has it), so of no person and no service.
const NUMBER: libc::uid_t = 61_011;

/// Its user and group.
pub(super) fn own() -> (libc::uid_t, libc::gid_t) {
    match User::from_name(NAME) {
        Ok(Some(user)) if !user.uid.is_root() => (user.uid.as_raw(), user.gid.as_raw()),
        _ => (NUMBER, NUMBER),
    }
}

/// Makes the calling thread the own user if it is root; its permitted capabilities stay. False when
/// this user namespace does not have that user.
///
/// The calls are made directly: those of the C library change every thread of the process
/// (nptl(7)), and some of them may still have work to do as root.
pub(super) fn become_own() -> io::Result<bool> {
    // SAFETY: geteuid reads a number of this process and cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        return Ok(true);
    }
    let (uid, gid) = own();
    let checked = |status: libc::c_long| match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    // SAFETY: prctl with these arguments takes no pointer. The flag is the thread's own.
    checked(unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0) }.into())?;
    // SAFETY: a list of no groups is not read. Groups first: they need the privilege that changing
    // the user gives up.
    let mut status =
        checked(unsafe { libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()) });
    // SAFETY: the call takes numbers.
    status =
        status.and_then(|()| checked(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) }));
    // SAFETY: as above.
    status =
        status.and_then(|()| checked(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) }));
    match status {
        Ok(()) => Ok(true),
        // EPERM: a user namespace that denies setgroups, or no capability to change the user.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EPERM)) => Ok(false),
        Err(error) => Err(error),
    }
}
