//! The offer to keep what a run without a profile learned while it watched.

use std::fs::DirBuilder;
use std::io::{self, BufRead as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use monitor::alarm_log;
use monitor::learn::Learner;
use monitor::report::remarks;
use monitor::report::text::grouped;
use monitor::trace::error::shown;

use super::judge::ModelArgs;
use super::{complain, learn, stderr_is_terminal};

/// Where profiles are kept that were given no other place: beside the default alarm log. It is made
/// if it is not there, for this user alone.
///
/// # Errors
/// When nothing says where, or it cannot be made.
pub fn profiles_folder() -> Result<PathBuf> {
    let log = alarm_log::place()?;
    let folder = log.parent().unwrap_or(Path::new(".")).join("profiles");
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder);
    made.with_context(|| format!("cannot make {}", shown(&folder)))?;
    Ok(folder)
}

/// Asks whether to keep what was learned, as a profile in `folder` named after `service` or the
/// busiest process, where there is somebody to ask; else says how it could have been kept.
///
/// # Errors
/// When it is wanted and cannot be kept.
pub fn offer(
    learner: Learner,
    targets: &str,
    service: Option<String>,
    folder: &Path,
    model: &ModelArgs,
) -> Result<()> {
    let calls = learner.progress().calls;
    if calls == 0 {
        return Ok(());
    }
    let name = suggested(&learner, service, folder);
    let calls = grouped(calls);
    if !stderr_is_terminal() || !io::IsTerminal::is_terminal(&io::stdin()) {
        complain(&format!(
            "learned {calls} calls and did not keep them: --save-profile {} would have",
            name.display()
        ));
        return Ok(());
    }
    // Nobody is asked on a terminal that shows nothing, as after Ctrl-S. Ctrl-C means no.
    let question = format!(
        "Keep what was learned ({calls} calls) as {}? [y/N] ",
        name.display()
    );
    if !remarks::ask(&question, Duration::from_millis(500)) {
        return Ok(());
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        learn::save(&name, learner, targets, None, model)?;
    }
    Ok(())
}

/// A name for the profile that no file has: of the service, or of the process that made most of the
/// calls.
fn suggested(learner: &Learner, service: Option<String>, folder: &Path) -> PathBuf {
    let busiest = || learner.busiest_name().map(|name| plain(name.as_bytes()));
    let service = service.map(|name| plain(name.as_bytes()));
    let stem = service
        .or_else(busiest)
        .unwrap_or_else(|| "service".to_owned());
    let numbered = |count: u32| match count {
        1 => folder.join(format!("{stem}.profile")),
        _ => folder.join(format!("{stem}-{count}.profile")),
    };
    let free = |path: &PathBuf| !path.exists();
    (1..1000)
        .map(numbered)
        .find(free)
        .unwrap_or_else(|| numbered(1000))
}

/// A process' name as the name of a file: it chose that itself.
fn plain(name: &[u8]) -> String {
    let letter = |&byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => char::from(byte),
        _ => '-',
    };
    let plain: String = name.iter().map(letter).collect();
    let plain = plain.trim_matches(['-', '.']);
    if plain.is_empty() {
        "service".to_owned()
    } else {
        plain.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_process_cannot_choose_where_its_profile_goes() {
        assert_eq!(plain(b"nginx"), "nginx");
        assert_eq!(plain(b"../../etc/x"), "etc-x");
        assert_eq!(plain(b".."), "service");
        assert_eq!(plain(b"web.service"), "web.service");
        assert_eq!(plain(b"-rf *"), "rf");
        assert_eq!(plain(b"\x1b[2J"), "2J");
        assert_eq!(plain(b"///"), "service");
    }
}
