//! The end of a run that was asked for already.

/// Whether a signal was ignored when the process was started, as nohup(1) and shells' background
/// jobs have it: it stays so.
#[must_use]
pub fn is_ignored(number: libc::c_int) -> bool {
    // SAFETY: an all-zero sigaction is a valid one, and the call only reads into it.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(number, std::ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}

/// From now on SIGINT, SIGTERM and SIGHUP end the process at once, except those that are ignored.
///
/// What is still being done then (judging the rest, writing, saving) is what the first signal waits
/// for; whoever sends a second does not want to.
pub(super) fn end_at_once() {
    for number in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        if !is_ignored(number) {
            let handler: extern "C" fn(libc::c_int) = exit_at_once;
            // SAFETY: the handler makes one call that is safe in a signal handler
            // (signal-safety(7)). Not the default action: the first process of a container would
            // not get the signal then.
            unsafe { libc::signal(number, handler as libc::sighandler_t) };
        }
    }
}

extern "C" fn exit_at_once(number: libc::c_int) {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(128 + number) }
}
