//! Bytes of the watched process's memory: strings, what has a size, and their hash.

use aya_ebpf::helpers::generated::{
    bpf_probe_read_kernel_str, bpf_probe_read_user, bpf_probe_read_user_str,
};
use monitor_common::touch::{MEMORY, UNREADABLE};

use super::mix;
use crate::{Error, kernel, record::Memory, setting::setting};

/// Reads a string; its length without the NUL.
#[inline(always)]
pub fn string(memory: &mut Memory, pointer: u64) -> u32 {
    // SAFETY: the buffer is as long as the helper is told, and it checks the address itself.
    let read = unsafe {
        bpf_probe_read_user_str(
            memory.as_mut_ptr().cast(),
            MEMORY as u32,
            pointer as *const core::ffi::c_void,
        )
    };
    length(read)
}

/// Reads the name in a `struct filename`; its length without the NUL.
#[inline(always)]
pub fn kernel_string(memory: &mut Memory, filename: u64) -> u32 {
    let name: Result<u64, Error> = kernel::read(filename, setting!(LAYOUT.filename_name));
    let Ok(name) = name else {
        return UNREADABLE;
    };
    // SAFETY: the buffer is as long as the helper is told, and it checks the address itself.
    let read = unsafe {
        bpf_probe_read_kernel_str(
            memory.as_mut_ptr().cast(),
            MEMORY as u32,
            name as *const core::ffi::c_void,
        )
    };
    length(read)
}

/// The length without the NUL of a string of which a helper says so much. It is asked here for the
/// verifier: the helpers give no more than there was room for.
#[inline(always)]
fn length(read: i64) -> u32 {
    if read <= 0 || read > MEMORY as i64 {
        return UNREADABLE;
    }
    read as u32 - 1
}

/// Whether the path that was read begins at the root.
#[inline(always)]
pub fn is_absolute(memory: &Memory) -> bool {
    memory[0] as u8 == b'/'
}

/// Reads so many bytes, of which `target` has room; whether they could be read.
#[inline(always)]
pub fn read<T>(target: &mut T, size: u32, pointer: u64) -> bool {
    // SAFETY: callers give a size that the target has, and the helper checks the address itself.
    let read = unsafe {
        bpf_probe_read_user(
            (target as *mut T).cast(),
            size,
            pointer as *const core::ffi::c_void,
        )
    };
    read == 0
}

/// The hash with `len` bytes of memory in it, which has nothing behind them in their last word.
#[inline(always)]
pub fn hashed(memory: &mut Memory, len: u32, hash: u64) -> u64 {
    let mut hash = hash;
    // Old kernels leave what was behind the string in the rest of its last word.
    let (last, bits) = (len as usize / 8, 8 * (len % 8));
    memory[last & (MEMORY / 8 - 1)] &= (1 << bits) - 1;
    hash = mix(hash, memory[0]);
    // Word by word: in a loop LLVM counts to the last word in a way whose end the verifier of 5.10
    // does not see.
    macro_rules! words {
        ($($place:literal)*) => {
            $(
                if last < $place {
                    return hash;
                }
                hash = mix(hash, memory[$place]);
            )*
        };
    }
    words!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    hash
}
