//! One reader of `shared/targets.rs`, which the variable `READER` names.
#![no_main]

use std::sync::LazyLock;

use monitor_fuzz::targets::TARGETS;

static READ: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let named = std::env::var("READER").unwrap_or_default();
    let found = TARGETS.iter().find(|it| it.0 == named);
    let names = TARGETS.map(|it| it.0).join(", ");
    found.unwrap_or_else(|| panic!("READER is one of {names}")).1
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| READ(bytes));
