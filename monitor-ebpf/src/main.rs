//! The probe.
#![no_std]
#![no_main]

// For the host the probe is only checked, with the standard library's panic handler.
#[cfg(not(target_arch = "bpf"))]
extern crate std;

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
