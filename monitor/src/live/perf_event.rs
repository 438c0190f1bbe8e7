//! A program on a perf tracepoint.

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

// `PERF_TYPE_TRACEPOINT`, `PERF_FLAG_FD_CLOEXEC`, `PERF_EVENT_IOC_ENABLE` and `PERF_EVENT_IOC_SET_BPF` of
// include/uapi/linux/perf_event.h.
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
    let attributes = Attributes {
        kind: TYPE_TRACEPOINT,
        size: size_of::<Attributes>() as u32,
        config: id,
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
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just opened it for nobody else.
    let event = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    for (request, argument) in [(SET_BPF, program.as_raw_fd()), (ENABLE, 0)] {
        // SAFETY: both requests take a number.
        if unsafe { libc::ioctl(event.as_raw_fd(), request, argument) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(event)
}

/// A CPU that is online: the one that this runs on.
fn any_cpu() -> i32 {
    // SAFETY: no precondition; a negative answer is refused by who takes it.
    unsafe { libc::sched_getcpu() }.max(0)
}
