//! A line of an incident, and the pages that are made of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor::report::json::incident::IncidentRecord;
use monitor::report::page::period::Period;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = serde_json::from_slice::<IncidentRecord>(bytes) {
        let html = Period::new("a day", [record]).html();
        assert!(!html.contains("<script"));
    }
});
