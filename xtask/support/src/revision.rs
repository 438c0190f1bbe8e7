//! The revision of this checkout, as git names it.

use std::process::Command;

use crate::place;

/// The whole hash, with a `+` behind it where tracked files were changed; `unknown` without git.
#[must_use]
pub fn git_revision() -> String {
    match (git(&["rev-parse", "HEAD"]), is_changed()) {
        (Some(revision), false) => revision,
        (Some(revision), true) => revision + "+",
        (None, _) => "unknown".to_owned(),
    }
}

/// Its first twelve digits, and `with changes` where tracked files were changed; `unknown` without
/// git.
#[must_use]
pub fn short() -> String {
    match (git(&["rev-parse", "--short=12", "HEAD"]), is_changed()) {
        (Some(revision), false) => revision,
        (Some(revision), true) => format!("{revision} with changes"),
        (None, _) => "unknown".to_owned(),
    }
}

fn is_changed() -> bool {
    git(&["status", "--porcelain", "--untracked-files=no"])
        .is_none_or(|changes| !changes.is_empty())
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .current_dir(place::root())
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
