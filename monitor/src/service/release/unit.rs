//! What a systemd unit starts.

use std::path::PathBuf;

use crate::service::host::{self, Host};

/// Where units are, the strongest first (systemd.unit(5)).
const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The `ExecStart` lines of a unit and of what was dropped in.
pub(super) fn exec_start(host: &Host, unit: &str) -> Option<String> {
    if !host::is_component(unit.as_ref()) {
        return None;
    }
    let template = unit.split_once('@').and_then(|(name, rest)| {
        let ending = rest.rsplit_once('.')?.1;
        Some(format!("{name}@.{ending}"))
    });
    let names = [Some(unit.to_owned()), template];
    let mut lines = Vec::new();
    for name in names.iter().flatten() {
        let mut files = UNITS.iter().map(|folder| PathBuf::from(folder).join(name));
        // A unit may be a link to another: it is read through the link.
        let main = files.find_map(|file| std::fs::canonicalize(host.path(file)).ok());
        let dropped_in = UNITS.iter().flat_map(|folder| {
            let folder = PathBuf::from(folder).join(format!("{name}.d"));
            let mut names = host.names(&folder);
            names.sort();
            names.into_iter().map(move |it| host.path(folder.join(it)))
        });
        for file in main.into_iter().chain(dropped_in) {
            let text = host::read(&file).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let starts = text.lines().map(str::trim);
            let starts = starts.filter(|line| line.starts_with("ExecStart="));
            lines.extend(starts.map(|line| line.chars().take(1024).collect::<String>()));
        }
        if !lines.is_empty() {
            break;
        }
    }
    lines.truncate(64);
    (!lines.is_empty()).then(|| lines.join("\n"))
}
