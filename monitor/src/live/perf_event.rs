//! A program on a perf tracepoint.

use std::{
    fs, io,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

// `PERF_TYPE_SOFTWARE`, `PERF_COUNT_SW_DUMMY`, `PERF_TYPE_TRACEPOINT`, `PERF_FLAG_FD_CLOEXEC`,
// `PERF_EVENT_IOC_ENABLE` and `PERF_EVENT_IOC_SET_BPF` of include/uapi/linux/perf_event.h.
const TYPE_SOFTWARE: u32 = 1;
const SOFTWARE_DUMMY: u64 = 9;
const TYPE_TRACEPOINT: u32 = 2;
const CLOSE_ON_EXEC: libc::c_long = 1 << 3;
const ENABLE: libc::c_ulong = 0x2400;
const SET_BPF: libc::c_ulong = 0x4004_2408;

// `struct perf_event_attr` up to `PERF_ATTR_SIZE_VER0`.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    breakpoint_type: u32,
    config1: u64,
}

/// Runs `program` at every event of the tracepoint `id`, on every CPU, until what it gives is
/// dropped.
///
/// The event is opened for one CPU, but a tracepoint's programs are its own and not the event's
/// (`perf_event_attach_bpf_prog`, kernel/trace/bpf_trace.c).
///
/// # Errors
///
/// When the kernel refuses.
pub(super) fn attach(program: BorrowedFd<'_>, id: u64) -> io::Result<OwnedFd> {
    let event = open(TYPE_TRACEPOINT, id)?;
    for (request, argument) in [(SET_BPF, program.as_raw_fd()), (ENABLE, 0)] {
        // SAFETY: both requests take a number.
        if unsafe { libc::ioctl(event.as_raw_fd(), request, argument) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(event)
}

/// Tries whether this process may have perf events of everybody: by one that never happens, since
/// to close that of a tracepoint takes two grace periods of RCU.
///
/// # Errors
///
/// When the kernel refuses, with the remedy behind the last colon.
pub(super) fn permitted() -> io::Result<()> {
    open(TYPE_SOFTWARE, SOFTWARE_DUMMY).map(drop)
}

fn open(kind: u32, config: u64) -> io::Result<OwnedFd> {
    let attributes = Attributes {
        kind,
        size: size_of::<Attributes>() as u32,
        config,
        sample_period: 1,
        ..Attributes::default()
    };
    let (everyone, no_group) = (-1_i32, -1_i32);
    // SAFETY: the attributes are live and say their own size.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            everyone,
            any_cpu(),
            no_group,
            CLOSE_ON_EXEC,
        )
    };
    if fd < 0 {
        return Err(refused(io::Error::last_os_error()));
    }
    // SAFETY: the kernel has just opened it for nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// A refusal with its remedy.
fn refused(error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return error;
    }
    let level = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid");
    let level = level.ok().and_then(|level| level.trim().parse().ok());
    let told = format!(
        "perf events are refused to this process ({error}): {}",
        remedy(level)
    );
    io::Error::new(io::ErrorKind::PermissionDenied, told)
}

/// What to do at this `kernel.perf_event_paranoid`. The kernel itself knows levels up to 2 and
/// `CAP_PERFMON`; those of Debian and Ubuntu have a level above, at which `perf_event_open` wants
/// `CAP_SYS_ADMIN` (their patch "Allow further restriction of perf_event_open").
fn remedy(level: Option<i32>) -> String {
    match level {
        Some(level) if level > 2 => format!(
            "start it with CAP_SYS_ADMIN, which it drops, or set kernel.perf_event_paranoid, which \
             is {level}, to 2"
        ),
        _ => "start it with CAP_PERFMON, and let a filter of its calls (seccomp) pass \
              perf_event_open"
            .into(),
    }
}

/// A CPU that is online: the one that this runs on.
fn any_cpu() -> i32 {
    // SAFETY: no precondition; a negative answer is refused by who takes it.
    unsafe { libc::sched_getcpu() }.max(0)
}

#[cfg(test)]
mod tests {
    use super::remedy;

    #[test]
    fn where_a_kernel_has_a_level_of_its_own_the_right_that_it_wants_is_named() {
        for level in [3, 4] {
            let told = remedy(Some(level));
            assert!(told.contains("CAP_SYS_ADMIN"), "{told}");
            assert!(told.contains(&format!("which is {level},")), "{told}");
        }
        for level in [None, Some(-1), Some(2)] {
            let told = remedy(level);
            assert!(told.contains("CAP_PERFMON"), "{told}");
            assert!(!told.contains("CAP_SYS_ADMIN"), "{told}");
        }
    }
}
