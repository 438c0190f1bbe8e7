//! A line of a stored alarm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor::profile::Profile;
use monitor::report::json::alarm::AlarmRecord;
use monitor::report::page::incident::IncidentPage;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = serde_json::from_slice::<AlarmRecord>(bytes) else {
        return;
    };
    let page = IncidentPage {
        incident: None,
        alarm: &record,
        aftermath: None,
    };
    assert!(!page.html().contains("<script"));
    if let Ok(alarm) = record.alarm() {
        Profile::default().accept(&alarm.id.to_string(), &alarm.flight, 0);
    }
});
