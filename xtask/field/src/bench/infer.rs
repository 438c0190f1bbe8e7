//! `cargo xtask bench infer`: microseconds a call, through the monitor's detector and as a plain
//! loop over the same weights.

mod plain;
mod weights;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use monitor::detect::detector::{Detector, Settings};
use monitor::model::Model;
use monitor::model::runtime::Runtime;
use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use serde::Serialize;

use plain::{Plain, State};
use support::machine::Machine;
use support::page::Publish;
use support::spread::Spread;
use trainer::runtime;
use trainer::vocabulary::START;
use weights::Weights;

/// Threads that make calls at the same time.
const BATCHES: [usize; 2] = [1, 16];

/// Calls of each thread that are scored together.
const LENGTHS: [usize; 3] = [1, 16, 32];

/// Options of `cargo xtask bench infer`.
#[derive(Args, Debug)]
pub struct Options {
    /// The model folder; a stateful fp32 one.
    #[arg(long, value_name = "FOLDER", default_value = "models/default")]
    model: PathBuf,
    /// Rounds, each measuring everything once.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Milliseconds that each measurement of a round takes.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    milliseconds: u64,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// One case.
#[derive(Debug, Serialize)]
struct Row {
    threads: usize,
    calls: usize,
    /// Through `Detector::push` and `Detector::score`.
    detector: Spread,
    /// The plain loop.
    plain: Spread,
    /// Median of the rounds' ratios, detector by loop.
    ratio: f64,
    /// The largest difference of their surprises, nats.
    difference: f32,
}

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    model: &'a str,
    model_sha256: &'a str,
    parameters: u64,
    machine: Machine,
    rounds: u32,
    milliseconds: u64,
    rows: &'a [Row],
}

/// Runs the command.
///
/// # Errors
///
/// A model that cannot be loaded or that the plain loop cannot compute, a file that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    let runtime = runtime::load(options.onnxruntime.as_deref())?;
    let path = options.model.join("model.onnx");
    let onnx = fs::read(&path).with_context(|| path.display().to_string())?;
    let weights = Weights::read(&onnx).with_context(|| path.display().to_string())?;
    let mut cases = Vec::new();
    for threads in BATCHES {
        for calls in LENGTHS {
            cases.push(Case::new(
                &runtime,
                &options.model,
                &weights,
                threads,
                calls,
            )?);
        }
    }
    let enough = Duration::from_millis(options.milliseconds);
    for round in 0..=options.rounds {
        for case in &mut cases {
            let detector = case.time(enough, Case::detector)?;
            let plain = case.time(enough, Case::plain)?;
            // The first round warms caches and memory up.
            if round > 0 {
                case.detector_us.push(detector);
                case.plain_us.push(plain);
            }
        }
        eprint!("\rround {round} of {}", options.rounds);
    }
    eprintln!();
    let rows: Vec<Row> = cases.iter().map(Case::row).collect();
    let manifest = Model::load(&runtime, &options.model)?.manifest().clone();
    let report = Report {
        format: 2,
        model: &manifest.name,
        model_sha256: &manifest.model_sha256,
        parameters: manifest.parameters,
        machine: Machine::this(),
        rounds: options.rounds,
        milliseconds: options.milliseconds,
        rows: &rows,
    };
    options
        .publish
        .publish("infer", &report, &report.markdown())
}

struct Case {
    threads: usize,
    calls: usize,
    detector: Detector,
    seq: u64,
    plain: Plain,
    state: State,
    block: Vec<u16>,
    surprise: Vec<f32>,
    detector_us: Vec<f64>,
    plain_us: Vec<f64>,
    difference: f32,
}

impl Case {
    fn new(
        runtime: &Runtime,
        model: &Path,
        weights: &Weights,
        threads: usize,
        calls: usize,
    ) -> Result<Self> {
        let model = Model::load(runtime, model).with_context(|| model.display().to_string())?;
        let settings = Settings {
            slow_threshold: Some(f64::INFINITY),
            fast_threshold: Some(f64::INFINITY),
            ..Settings::default()
        };
        let plain = Plain::new(weights);
        let mut case = Self {
            threads,
            calls,
            detector: Detector::new(model, settings),
            seq: 0,
            state: plain.state(threads),
            plain,
            block: Vec::new(),
            surprise: vec![0.0; threads * calls],
            detector_us: Vec::new(),
            plain_us: Vec::new(),
            difference: 0.0,
        };
        case.compare()?;
        Ok(case)
    }

    /// Both on the same calls from the start of a trace: a fast loop that is wrong is no limit.
    fn compare(&mut self) -> Result<()> {
        let mut found = vec![0.0f32; self.surprise.len()];
        let (threads, mut verdicts) = (self.threads, Vec::new());
        self.push();
        self.detector.score_observed(&mut verdicts, &mut |call| {
            let place = call.seq as usize * threads + call.thread.tid as usize - 1;
            found[place] = call.surprise.unwrap_or(f32::NAN);
        })?;
        self.block = vec![START; threads];
        for t in 0..self.calls {
            self.block
                .extend((0..threads).map(|lane| index(t as u64, lane)));
        }
        self.run_plain();
        self.difference = found
            .iter()
            .zip(&self.surprise)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, |most, d| if d > most || d.is_nan() { d } else { most });
        anyhow::ensure!(
            self.difference < 1e-3,
            "the plain loop does not compute this model: surprises differ by {}",
            self.difference
        );
        Ok(())
    }

    fn push(&mut self) {
        for lane in 0..self.threads {
            let number = lane as u32 + 1;
            let call = |i| Call {
                abi: Abi::I386,
                number: u32::from(index(self.seq + i, lane)),
            };
            self.detector.push(&Event {
                service: ServiceId::NONE,
                thread: ThreadKey {
                    tgid: number,
                    tid: number,
                    start_ns: 0,
                },
                comm: Comm::default(),
                time_ns: 0,
                kind: EventKind::Calls(Stretch {
                    first_seq: self.seq,
                    last_ns: 0,
                    calls: (0..self.calls as u64).map(call).collect(),
                }),
            });
        }
        self.seq += self.calls as u64;
    }

    fn detector(&mut self) -> Result<()> {
        self.push();
        Ok(self.detector.score(&mut Vec::new())?)
    }

    fn run_plain(&mut self) {
        self.plain.run(
            self.threads,
            &self.block,
            &mut self.state,
            &mut self.surprise,
        );
    }

    fn plain(&mut self) -> Result<()> {
        // Other calls each time, as the detector has them.
        for (i, call) in self.block.iter_mut().enumerate() {
            *call = index(self.seq + (i / self.threads) as u64, i % self.threads);
        }
        self.seq += 1;
        self.run_plain();
        self.seq -= 1;
        Ok(())
    }

    /// Microseconds a call.
    fn time(
        &mut self,
        enough: Duration,
        mut run: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<f64> {
        let (start, mut runs) = (Instant::now(), 0u32);
        while start.elapsed() < enough {
            for _ in 0..8 {
                run(self)?;
            }
            runs += 8;
        }
        let calls = f64::from(runs) * (self.threads * self.calls) as f64;
        Ok(start.elapsed().as_secs_f64() * 1e6 / calls)
    }

    fn row(&self) -> Row {
        let ratios: Vec<f64> = self
            .detector_us
            .iter()
            .zip(&self.plain_us)
            .map(|(d, p)| d / p)
            .collect();
        Row {
            threads: self.threads,
            calls: self.calls,
            detector: Spread::of(&self.detector_us),
            plain: Spread::of(&self.plain_us),
            ratio: Spread::of(&ratios).median,
            difference: self.difference,
        }
    }
}

/// Calls of the i386 table that differ from step to step and from thread to thread.
fn index(step: u64, lane: usize) -> u16 {
    1 + ((step * 37 + lane as u64 * 101) % 340) as u16
}

impl Report<'_> {
    fn markdown(&self) -> String {
        let mut text = format!(
            "Measured by `cargo xtask bench infer --rounds {} --milliseconds {}` with the model `{}` ({} parameters) on {}; microseconds \
             a call, medians (first to third quartile), and the median of the rounds' ratios.\n\n\
             | threads at once | calls of each | detector, us | plain loop, us | ratio |\n| --- | --- | --- | --- | --- |\n",
            self.rounds,
            self.milliseconds,
            self.model,
            self.parameters,
            self.machine.sentence()
        );
        let shown = |s: &Spread| {
            format!(
                "{:.2} ({:.2} to {:.2})",
                s.median, s.quartiles[0], s.quartiles[1]
            )
        };
        for row in self.rows {
            text += &format!(
                "| {} | {} | {} | {} | {:.2} |\n",
                row.threads,
                row.calls,
                shown(&row.detector),
                shown(&row.plain),
                row.ratio
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_are_calls() {
        assert!((0..5000).all(|step| (0..16).all(|lane| (1..=340).contains(&index(step, lane)))));
    }
}
