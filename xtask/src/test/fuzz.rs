//! Every reader of bytes from outside under libFuzzer, shortly: `fuzz/smoke.sh`.

use std::process::Command;

use super::tally::Tally;
use crate::tool;
use support::place;

/// Seconds for each reader: enough to run its seeds and some thousand changes of them.
const SECONDS: &str = "3";

/// Fuzzes all readers, and counts one check.
pub fn all(tally: &mut Tally) {
    const NAME: &str = "every reader of bytes from outside, by libFuzzer (fuzz/smoke.sh)";
    eprintln!("  {NAME}");
    // libFuzzer is built from its source.
    if tool::output(Command::new("c++").arg("--version")).is_none() {
        eprintln!("    skipped, there is no C++ compiler (Debian: g++)");
        return tally.skip(1, "needs a C++ compiler (Debian: g++)");
    }
    let script = place::root().join("fuzz/smoke.sh");
    let mut smoke = Command::new("sh");
    smoke.arg(script).arg(SECONDS);
    match smoke.status() {
        Ok(status) if status.success() => tally.pass(),
        Ok(_) => tally.fail(NAME),
        Err(why) => tally.fail(&format!("{NAME}: cannot be started: {why}")),
    }
}
