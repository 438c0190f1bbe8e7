//! A profile: as it lies in a file, and sealed anew so that its contents are reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor::profile::file::{decode, encode, seal};

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(bytes);
    if let Ok(profile) = decode(&seal(bytes)) {
        let again = decode(&encode(&profile)).expect("what was read can be written and read");
        assert_eq!(encode(&again), encode(&profile));
    }
});
