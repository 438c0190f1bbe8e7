//! Reading of the kernel's own memory.

use aya_ebpf::helpers::bpf_probe_read_kernel;

use crate::Error;

/// Reads what stands at an offset from an address.
#[inline(always)]
pub fn read<T>(base: u64, offset: u32) -> Result<T, Error> {
    // SAFETY: the helper checks the address itself and fails where nothing is mapped.
    unsafe { bpf_probe_read_kernel((base + offset as u64) as *const T) }
        .map_err(|_| Error::Unreadable)
}
