//! The system call `bpf`, for what the loader's library does not offer.

use std::io;

// `enum bpf_cmd` of include/uapi/linux/bpf.h.
pub(super) const MAP_DELETE_ELEM: libc::c_long = 3;
pub(super) const OBJ_GET_INFO_BY_FD: libc::c_long = 15;
pub(super) const MAP_LOOKUP_BATCH: libc::c_long = 24;

/// The member `batch` of `union bpf_attr`.
#[repr(C)]
#[derive(Default)]
pub(super) struct BatchAttributes {
    pub in_batch: u64,
    pub out_batch: u64,
    pub keys: u64,
    pub values: u64,
    pub count: u32,
    pub map_fd: u32,
    pub elem_flags: u64,
    pub flags: u64,
}

/// The anonymous member for `BPF_MAP_*_ELEM` of `union bpf_attr`.
#[repr(C)]
#[derive(Default)]
pub(super) struct ElementAttributes {
    pub map_fd: u32,
    pub padding: u32,
    pub key: u64,
    pub value: u64,
    pub flags: u64,
}

/// The member `info` of `union bpf_attr`.
#[repr(C)]
#[derive(Default)]
pub(super) struct InfoAttributes {
    pub fd: u32,
    pub info_len: u32,
    pub info: u64,
}

/// Asks the kernel.
///
/// # Errors
///
/// When it refuses.
pub(super) fn call<T>(command: libc::c_long, attributes: &mut T) -> io::Result<()> {
    // SAFETY: the attributes are one of the structures above, whose layout is the kernel's and
    // whose pointers are to live buffers of the size that the command asks for.
    let status = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_mut(attributes),
            size_of::<T>(),
        )
    };
    if status < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
