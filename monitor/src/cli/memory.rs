//! What the allocator is told, so that the process stays small.

/// From this size on, bytes, a block of memory is one of the kernel's own.
#[cfg(target_env = "gnu")]
const LARGE_BLOCK: i32 = 1 << 20;

/// Fixes the size from which blocks are mapped on their own.
///
/// glibc raises it with each such block that is freed (mallopt(3), `M_MMAP_THRESHOLD`). Tables that
/// grow with the threads would then grow inside the heap and leave holes as large as themselves.
pub fn keep_large_blocks_apart() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes two numbers; one that it refuses changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK);
    }
}
