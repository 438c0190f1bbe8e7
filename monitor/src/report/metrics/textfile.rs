//! A file for the textfile collector of Prometheus' node_exporter.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::Metrics;
use crate::report::remarks::remark;
use crate::run::private_file::replace_for;

/// How often it is written: as often as Prometheus asks by default, or oftener.
const EVERY: Duration = Duration::from_secs(15);

/// Writes the file now, and goes on in a thread of its own.
///
/// # Errors
///
/// When it cannot be written, or no thread started.
pub fn start(path: &Path, metrics: Metrics) -> io::Result<()> {
    write(path, &metrics)?;
    let path = path.to_path_buf();
    thread::Builder::new()
        .name("metrics".into())
        .spawn(move || {
            let mut fails = false;
            loop {
                thread::sleep(EVERY);
                let outcome = write(&path, &metrics);
                match &outcome {
                    Err(error) if !fails => {
                        remark(&format!("metrics {}: {error}; tried again", path.display()));
                    }
                    _ => {}
                }
                fails = outcome.is_err();
            }
        })?;
    Ok(())
}

/// Replaces the file whole: node_exporter may read at any time.
fn write(path: &Path, metrics: &Metrics) -> io::Result<()> {
    let text = metrics.text().map_err(io::Error::other)?;
    let text = older(&text);
    replace_for(path, text.as_bytes(), 0o644)
}

/// In the older text format, which node_exporter reads: the names of counters have their suffix
/// everywhere, and there is no end mark.
fn older(text: &str) -> String {
    let is_counter = |name: &str| text.contains(&format!("# TYPE {name} counter\n"));
    let mut out = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF") {
        let mut words = line.splitn(4, ' ');
        let (mark, kind) = (words.next(), words.next());
        match (mark, kind, words.next()) {
            (Some("#"), Some(kind @ ("HELP" | "TYPE")), Some(name)) if is_counter(name) => {
                let rest = words.next().unwrap_or_default();
                out += &format!("# {kind} {name}_total {rest}\n");
            }
            _ => {
                out += line;
                out.push('\n');
            }
        }
    }
    out
}
