//! A line of what followed an alarm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor::report::json::thread::AftermathRecord;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = serde_json::from_slice::<AftermathRecord>(bytes) {
        let _ = record.aftermath();
    }
});
