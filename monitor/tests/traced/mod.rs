//! Where the program is whose system calls are known (`examples/traced.rs`).

use std::path::PathBuf;

/// The program of the test's own, whose calls are known.
pub fn traced() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a file");
    let profile = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("target/PROFILE/deps");
    let program = profile.join("examples/traced");
    assert!(program.exists(), "run: cargo build -p monitor --examples");
    program
}
