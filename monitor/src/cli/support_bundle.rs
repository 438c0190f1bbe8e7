//! `monitor support-bundle`: what a report of a defect needs, without what is nobody's business.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use monitor::alarm_log;
use monitor::run::private_file::{self, Existing};
use monitor::trace::error::shown;
use serde_json::{Value, json};

use super::judge::ModelArgs;
use super::status::Exit;
use super::{complain, version};

/// Alarms that go along, the latest ones.
const ALARMS: usize = 100;

/// Longest text that goes along, bytes.
const LONGEST: u64 = 1 << 20;

/// Options of `monitor support-bundle`.
#[derive(Args, Clone, Debug)]
pub struct SupportBundleArgs {
    /// Write the archive to this file, in the place of what stands there
    #[arg(long, value_name = "FILE", default_value = "monitor-support.tar.gz")]
    output: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
}

/// Gathers and writes.
pub fn run(args: &SupportBundleArgs) -> Result<Exit> {
    let at = shown(&args.output);
    let write = || -> io::Result<()> {
        let file = private_file::open(&args.output, Existing::Replace)?;
        let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
        for (name, text) in texts(&args.model) {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(
                &mut header,
                format!("monitor-support/{name}"),
                text.as_bytes(),
            )?;
        }
        archive.into_inner()?.finish()?.sync_all()
    };
    write().with_context(|| format!("cannot write to {at}"))?;
    complain(&format!(
        "{at} holds no names of hosts, users, processes, files or addresses; look into it before \
         you send it"
    ));
    Ok(Exit::Quiet)
}

fn texts(model: &ModelArgs) -> Vec<(&'static str, String)> {
    let mut texts = vec![("version.json", format!("{:#}\n", version::facts()))];
    #[cfg(feature = "live")]
    {
        let checks = super::doctor::checks(model, &[]);
        let told = json!(checks).to_string();
        texts.push(("doctor.json", redact(&told)));
    }
    #[cfg(not(feature = "live"))]
    let _ = model;
    let read =
        |path: &str| redact(&read(Path::new(path)).unwrap_or_else(|error| error.to_string()));
    texts.push(("kernel.txt", {
        let release = read("/proc/sys/kernel/osrelease");
        let online = read("/sys/devices/system/cpu/online");
        format!("release {release}processors {online}")
    }));
    texts.push(("limits.txt", read("/proc/self/limits")));
    texts.push(("memory.txt", read("/proc/meminfo")));
    if let Ok(log) = alarm_log::place() {
        texts.push(("alarms.jsonl", alarms(&log)));
    }
    texts
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// The latest alarms: their figures and calls, and no word of whose they are.
fn alarms(log: &Path) -> String {
    const KEPT: [&str; 12] = [
        "schema",
        "type",
        "time_ns",
        "pace",
        "score",
        "threshold",
        "reasons",
        "evidence",
        "surprising",
        "model",
        "profile",
        "severity",
    ];
    let Ok(file) = File::open(log) else {
        return String::new();
    };
    let mut latest = std::collections::VecDeque::new();
    let mut lines = BufReader::new(file);
    loop {
        let mut line = Vec::new();
        match (&mut lines).take(LONGEST).read_until(b'\n', &mut line) {
            Ok(1..) => {}
            _ => break,
        }
        let Ok(Value::Object(record)) = serde_json::from_slice(&line) else {
            continue;
        };
        let kept: serde_json::Map<_, _> = record
            .into_iter()
            .filter(|(name, _)| KEPT.contains(&name.as_str()))
            .collect();
        if latest.len() == ALARMS {
            latest.pop_front();
        }
        latest.push_back(Value::Object(kept));
    }
    let lines: Vec<_> = latest.iter().map(|it| format!("{it}\n")).collect();
    lines.concat()
}

/// Without this host's name and without paths in somebody's home.
fn redact(text: &str) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let mut text = text.to_owned();
    // A name of a letter or two would take half of the text along.
    if host.len() > 3 {
        text = text.replace(host, "HOST");
    }
    if let Some(home) = std::env::var_os("HOME").and_then(|it| it.into_string().ok())
        && home.len() > 1
    {
        text = text.replace(&home, "HOME");
    }
    for variable in ["USER", "SUDO_USER", "LOGNAME"] {
        if let Ok(name) = std::env::var(variable)
            && name.len() > 3
            && name != "root"
        {
            text = text.replace(&name, "SOMEBODY");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::alarms;

    #[test]
    fn an_alarm_goes_along_without_its_process() {
        let mut log = tempfile::NamedTempFile::new().expect("a file");
        let line = r#"{"type":"alarm","score":1.5,"comm":"secret","lineage":[{"comm":"secret"}],"who":{"host":"secret"},"first_seen":[{"comm":"secret"}]}"#;
        writeln!(log, "{line}\nhalf a li").expect("written");
        assert_eq!(alarms(log.path()), "{\"score\":1.5,\"type\":\"alarm\"}\n");
    }
}
