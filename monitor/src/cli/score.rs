//! `monitor score`: every call of a sequence, how surprising it was, and what was likelier.

mod plot;
mod table;
mod trace;

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use monitor::detect::detector::Detector;
use monitor::detect::verdict::{ThreadEnd, Verdict};
use monitor::syscall::event::{Event, EventKind, ThreadKey};
use monitor::trace::error::shown;
use monitor::trace::recorded::Recorded;

use super::judge::{AlarmArgs, JudgeArgs};
use super::status::Exit;
use super::syscalls::AbiName;
use super::{Format, complain};

use plot::Plot;
use trace::{Judged, Kept};

/// Options of `monitor score`.
#[derive(Args, Clone, Debug)]
pub struct ScoreArgs {
    /// ADFA-LD numbers or call names separated by blanks, strace text, a recording, or a folder of
    /// ADFA-LD traces; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The ABI of the program behind strace text and call names; without it, this host's
    #[arg(long, value_name = "ABI")]
    abi: Option<AbiName>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Draw the surprise along each trace into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    judge: JudgeArgs,
}

/// Scores every trace of the file.
pub fn run(args: &ScoreArgs) -> Result<Exit> {
    let abi = args.abi.map(|AbiName(abi)| abi);
    let mut source = monitor::trace::open(&args.file, abi)?;
    // Every alarm counts here: nobody is woken up.
    let detector = args.judge.detector(AlarmArgs::all(), None)?;
    let mut scoring = Scoring {
        detector,
        kept: HashMap::new(),
        plot: args.plot.as_ref().map(|_| Plot::default()),
        format: args.format,
        out: BufWriter::new(io::stdout().lock()),
        alarms: 0,
    };
    let mut outcome: Result<()> = Ok(());
    while let Some(event) = source.next() {
        match event {
            Ok(event) => scoring.event(&event, &source)?,
            Err(error) => {
                outcome = Err(error.into());
                break;
            }
        }
    }
    scoring.finish(&source)?;
    for remark in source.summary().remarks() {
        complain(&format!("{}: {remark}", shown(&args.file)));
    }
    outcome?;
    if let (Some(plot), Some(path)) = (&scoring.plot, &args.plot) {
        save(plot, path)?;
    }
    Ok(Exit::after(scoring.alarms))
}

fn save(plot: &Plot, path: &Path) -> Result<()> {
    plot.save(path)?;
    if plot.left_out() > 0 {
        complain(&format!(
            "{}: {} further traces are not drawn",
            shown(path),
            plot.left_out()
        ));
    }
    Ok(())
}

struct Scoring<W: Write> {
    detector: Detector,
    kept: HashMap<ThreadKey, Kept>,
    plot: Option<Plot>,
    format: Format,
    out: W,
    alarms: u64,
}

impl<W: Write> Scoring<W> {
    fn event(&mut self, event: &Event, source: &Recorded) -> Result<()> {
        self.detector.push(event);
        match &event.kind {
            EventKind::Calls(stretch) => {
                self.kept.entry(event.thread).or_default().add(stretch);
            }
            // A new thread may have the same key.
            EventKind::Exit { .. } => {
                let mut verdicts = Vec::new();
                self.detector.score(&mut verdicts)?;
                self.tell(&verdicts, source)?;
            }
            EventKind::Fork { .. } | EventKind::Exec | EventKind::Touch(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, source: &Recorded) -> Result<()> {
        let mut verdicts = Vec::new();
        self.detector.finish(&mut verdicts)?;
        self.tell(&verdicts, source)?;
        self.out.flush()?;
        Ok(())
    }

    fn tell(&mut self, verdicts: &[Verdict], source: &Recorded) -> Result<()> {
        for verdict in verdicts {
            match verdict {
                Verdict::Alarm(_) => self.alarms += 1,
                Verdict::Aftermath(_) | Verdict::Blind(_) => {}
                Verdict::ThreadEnd(end) => self.trace(end, source)?,
            }
        }
        Ok(())
    }

    fn trace(&mut self, end: &ThreadEnd, source: &Recorded) -> Result<()> {
        let Some(kept) = self.kept.remove(&end.thread) else {
            return Ok(());
        };
        let name = source.trace_name(end.thread);
        let name =
            name.unwrap_or_else(|| format!("{}/{} {}", end.thread.tgid, end.thread.tid, end.comm));
        let judged = Judged::new(name, &kept, end, &mut self.detector)?;
        match self.format {
            Format::Text => table::write_text(&mut self.out, &judged)?,
            Format::Json => table::write_json(&mut self.out, &judged)?,
        }
        if let Some(plot) = &mut self.plot {
            plot.add(&judged);
        }
        Ok(())
    }
}
