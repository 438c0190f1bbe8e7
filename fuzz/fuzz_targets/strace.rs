//! The text of strace, whatever it begins with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor::syscall::event::Abi;
use monitor::trace::source::EventSource;
use monitor::trace::strace::Strace;

fuzz_target!(|bytes: &[u8]| {
    for abi in [Abi::X86_64, Abi::Aarch64] {
        let mut strace = Strace::new("input".into(), bytes, abi);
        for event in &mut strace {
            let Ok(event) = event else { break };
            let _ = event.comm.to_string();
        }
        strace.summary().remarks();
    }
});
