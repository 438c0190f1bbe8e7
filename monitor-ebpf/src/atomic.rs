//! Atomic access to values of maps.
//!
//! Rust's atomics lack the additions on this target, since old kernels cannot give back what was
//! there before. Adding without that is in all of them (`BPF_XADD`).

/// Reads a value of a map, of a pointer that the verifier checked.
#[inline(always)]
pub fn read(value: *mut u64) -> u64 {
    // SAFETY: an aligned u64 of a map; it is read in one piece.
    unsafe { core::ptr::read_volatile(value) }
}

/// Writes a value of a map, of a pointer that the verifier checked.
#[inline(always)]
pub fn write(value: *mut u64, new: u64) {
    // SAFETY: an aligned u64 of a map; it is written in one piece.
    unsafe { core::ptr::write_volatile(value, new) }
}

/// Adds to a value of a map, of a pointer that the verifier checked.
#[inline(always)]
pub fn add(value: *mut u64, amount: u64) {
    #[cfg(target_arch = "bpf")]
    // SAFETY: an aligned u64 of a map; the instruction changes nothing else.
    unsafe {
        core::arch::asm!("lock *(u64 *)({} + 0) += {}", in(reg) value, in(reg) amount);
    }
    #[cfg(not(target_arch = "bpf"))]
    // SAFETY: as above; for the host the probe is only checked.
    unsafe {
        core::sync::atomic::AtomicU64::from_ptr(value)
            .fetch_add(amount, core::sync::atomic::Ordering::Relaxed);
    }
}
