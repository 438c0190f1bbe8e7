//! cargo, as this program was started by it.

use std::env;
use std::process::Command;

use support::place;

/// cargo, wherever it is started and whatever is configured for the workspace.
pub(crate) fn program() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// cargo in the root of the workspace, with the tool folder made known to the build.
#[must_use]
pub fn in_workspace() -> Command {
    let mut command = program();
    command
        .current_dir(place::root())
        .env("MONITOR_TOOLS", place::tools());
    command
}
