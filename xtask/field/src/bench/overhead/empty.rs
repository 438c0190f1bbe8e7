//! The floor: a program that does nothing, on a tracepoint that the monitor uses.
//!
//! That the tracepoint is in use at all sends every system call of every process through the
//! kernel's slow path (`SYSCALL_WORK_SYSCALL_TRACEPOINT`, include/linux/thread_info.h). No tool of
//! this kind gets under that.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use anyhow::{Context as _, Result};
use nix::libc;

// enum bpf_cmd and enum bpf_prog_type, include/uapi/linux/bpf.h.
const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_RAW_TRACEPOINT_OPEN: libc::c_long = 17;
const BPF_PROG_TYPE_RAW_TRACEPOINT: u32 = 17;

/// `r0 = 0; exit` (struct bpf_insn: opcode, registers, offset, immediate).
const NOTHING: [u64; 2] = [0xb7, 0x95];

// The head of the member of union bpf_attr for BPF_PROG_LOAD.
#[repr(C)]
struct Load {
    kind: u32,
    instructions: u32,
    code: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
}

// The member `raw_tracepoint` of union bpf_attr.
#[repr(C)]
struct Open {
    name: u64,
    program: u32,
    padding: u32,
}

/// The empty program, attached until this is dropped.
pub struct Empty {
    program: OwnedFd,
    _link: OwnedFd,
}

fn bpf<T>(command: libc::c_long, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: the attributes are one of the structures above, whose layout is the kernel's; their
    // pointers are to constants or to what the caller lends for the call. Both commands give a
    // descriptor that nobody else owns.
    unsafe {
        let size = size_of::<T>();
        let fd = libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attributes), size);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

impl Empty {
    /// Loads it and attaches it to this raw tracepoint.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn attach(tracepoint: &CStr) -> Result<Self> {
        let program = bpf(
            BPF_PROG_LOAD,
            &Load {
                kind: BPF_PROG_TYPE_RAW_TRACEPOINT,
                instructions: NOTHING.len() as u32,
                code: NOTHING.as_ptr() as u64,
                license: c"GPL".as_ptr() as u64,
                log_level: 0,
                log_size: 0,
                log: 0,
                kernel_version: 0,
                flags: 0,
            },
        )
        .context("cannot load the empty program")?;
        let link = bpf(
            BPF_RAW_TRACEPOINT_OPEN,
            &Open {
                name: tracepoint.as_ptr() as u64,
                program: program.as_raw_fd() as u32,
                padding: 0,
            },
        )
        .context("cannot attach the empty program")?;
        Ok(Self {
            program,
            _link: link,
        })
    }

    /// Descriptor of the program in this process.
    pub fn descriptor(&self) -> i32 {
        self.program.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    mod needs_root {
        use super::super::Empty;

        #[test]
        #[ignore = "needs root"]
        fn the_kernel_takes_the_empty_program() {
            let empty = Empty::attach(c"sys_enter").expect("attached");
            assert!(empty.descriptor() >= 0);
        }
    }
}
