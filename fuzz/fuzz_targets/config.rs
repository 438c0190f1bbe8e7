//! The configuration of a guard.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor::config::Config;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(config) = toml::from_str::<Config>(text) {
        let written = toml::to_string(&config).expect("what was read can be written");
        assert!(toml::from_str::<Config>(&written).is_ok(), "{written}");
    }
});
