//! A record of the ring between kernel and monitor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor_common::record::{Window, unpack};

fuzz_target!(|bytes: &[u8]| {
    let _ = Window::from_bytes(bytes);
    if let Some((slot, rest)) = bytes.split_first_chunk() {
        let seq = rest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let _ = unpack(u64::from_le_bytes(*slot), seq);
    }
});
