//! Running other programs: their output is kept for the error, and their last line is shown as
//! progress.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result, bail};

use super::step::Step;

/// Lines of a failed program's output that its error shows.
const SHOWN: usize = 20;
/// Bytes of one line that are kept.
const LINE: usize = 400;

/// Runs a program to its end, silently, with its last line as the step's progress.
///
/// # Errors
/// The program cannot be started, or ends badly: the error holds the last lines of its output.
pub fn run(step: &Step, command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let (sender, lines) = mpsc::sync_channel(64);
    let readers = [
        child.stdout.take().map(|out| forward(out, sender.clone())),
        child.stderr.take().map(|err| forward(err, sender)),
    ];
    let mut last = VecDeque::new();
    for line in lines {
        step.progress(&line);
        if last.len() == SHOWN {
            last.pop_front();
        }
        last.push_back(line);
    }
    for reader in readers.into_iter().flatten() {
        // A reader ends with its pipe and cannot fail.
        drop(reader.join());
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {name}"))?;
    if !status.success() {
        let said = last
            .into_iter()
            .map(|line| format!("\n    {line}"))
            .collect::<String>();
        bail!("{name} ended with {status}:{said}");
    }
    Ok(())
}

fn forward(
    from: impl Read + Send + 'static,
    to: mpsc::SyncSender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while matches!(from.read_until(b'\n', &mut line), Ok(1..)) {
            line.truncate(LINE);
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if !text.is_empty() && to.send(text.to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    })
}

/// What a program prints, or nothing when it cannot be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
