//! Whatever an input is: its format is recognised and its events are read.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use monitor::trace::from_input;
use monitor::trace::input::Input;

fuzz_target!(|bytes: &[u8]| {
    let Ok(input) = Input::from_reader("input", Box::new(Cursor::new(bytes.to_vec()))) else {
        return;
    };
    let Ok(mut source) = from_input(input, None) else {
        return;
    };
    // Every event takes bytes of the input: there are never more of them.
    assert!(source.by_ref().take(bytes.len() * 4 + 8).count() < bytes.len() * 4 + 8);
    source.summary().remarks();
});
