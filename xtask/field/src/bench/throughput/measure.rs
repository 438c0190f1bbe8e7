//! The measurements, one after the other.

use std::path::Path;

use anyhow::Result;
use monitor::model::runtime::Runtime;

use super::meter::{Engine, Meter};
use super::{Capture, Latency, Options, Report, Stage, stages};
use crate::bench::load::{self, Done, Kind, Load};
use crate::bench::overhead::Place;
use support::machine::Machine;
use support::spread::Spread;

/// Calls a second at which reading and decoding are measured.
const DECODING_RATE: u64 = 500_000;

fn load(kind: Kind, rate: Option<u64>, seconds: f64) -> Result<Load> {
    Load::start(&load::Options {
        kind,
        threads: 1,
        rate,
        seconds,
        wait: true,
    })
}

struct Bench<'a> {
    options: &'a Options,
    program: &'a Path,
    runtime: &'a Runtime,
}

/// Measures everything; `folder` is for files that are not kept.
///
/// # Errors
/// A process that does not start or fails.
pub fn all(
    options: &Options,
    place: &Place,
    program: &Path,
    runtime: &Runtime,
    folder: &Path,
) -> Result<Report> {
    let (profile, recording) = (folder.join("profile"), folder.join("recording"));
    let mut files = load(Kind::Files, None, 2.0)?;
    place.learn(&[files.pid()], &profile, || files.work().map(drop))?;
    place.record(&[files.pid()], &recording, || files.work().map(drop))?;
    drop(files);
    let bench = Bench {
        options,
        program,
        runtime,
    };
    let latencies = bench.latencies(&profile)?;
    eprint!("\r\x1b[Kstages");
    let mut stages = bench.live_stages()?;
    stages.extend(stages::in_memory(
        runtime,
        &recording,
        &profile,
        options.rounds,
    )?);
    eprint!("\r\x1b[Kcapture");
    let capture = bench.capture()?;
    eprintln!("\r\x1b[K");
    Ok(Report {
        format: 1,
        machine: Machine::this(),
        rounds: options.rounds,
        seconds: options.seconds,
        capture,
        stages,
        latencies,
    })
}

impl Bench<'_> {
    fn meter(&self, load: &Load, seconds: f64, engine: Engine<'_>) -> Result<Meter> {
        let library = self.runtime.path();
        Meter::start(self.program, library, load.pid(), seconds, engine)
    }

    fn latencies(&self, profile: &Path) -> Result<Vec<Latency>> {
        let mut latencies = Vec::new();
        for engine in [Engine::Model, Engine::Profile(profile)] {
            for &rate in &self.options.rates {
                latencies.push(self.latency(engine, rate)?);
            }
        }
        Ok(latencies)
    }

    fn latency(&self, engine: Engine<'_>, rate: u64) -> Result<Latency> {
        let (mut median, mut p99, mut unscored, mut lost) = (vec![], vec![], vec![], 0);
        let seconds = self.options.seconds;
        for round in 0..self.options.rounds {
            let judge = engine.name();
            eprint!(
                "\r\x1b[Klatency at {rate} calls/s, {judge}, round {}",
                round + 1
            );
            // It outlasts the meter, so that all it sees is this rate.
            let mut load = load(Kind::Files, Some(rate), seconds + 1.0)?;
            let meter = self.meter(&load, seconds, engine)?;
            load.begin()?;
            let told = meter.end()?;
            median.extend(told.median_ms);
            p99.extend(told.p99_ms);
            unscored.push(told.unscored as f64 / told.received.max(1) as f64);
            lost += told.lost;
        }
        Ok(Latency {
            rate,
            engine: engine.name(),
            median_ms: Spread::of(&median),
            p99_ms: Spread::of(&p99),
            unscored: Spread::of(&unscored),
            lost,
        })
    }

    fn live_stages(&self) -> Result<Vec<Stage>> {
        let (mut capture, mut decoding) = (vec![], vec![]);
        let seconds = self.options.seconds;
        for _ in 0..self.options.rounds {
            let mut flat_out = load(Kind::Getppid, None, seconds)?;
            let alone = flat_out.work()?;
            let meter = self.meter(&flat_out, seconds + 0.5, Engine::None)?;
            let watched = flat_out.work()?;
            meter.end()?;
            let each = |done: Done| done.cpu_seconds * 1e9 / done.operations.max(1) as f64;
            capture.push(each(watched) - each(alone));

            let mut paced = load(Kind::Getppid, Some(DECODING_RATE), seconds)?;
            let meter = self.meter(&paced, seconds + 0.5, Engine::None)?;
            paced.work()?;
            let told = meter.end()?;
            decoding.push(told.reader_seconds * 1e9 / told.received.max(1) as f64);
        }
        Ok(vec![
            Stage {
                name: "capture, on the watched thread (with the kernel's slow path)",
                ns: Spread::of(&capture),
            },
            Stage {
                name: "reading and decoding, at 500,000 calls/s",
                ns: Spread::of(&decoding),
            },
        ])
    }

    fn capture(&self) -> Result<Capture> {
        let seconds = self.options.capture_seconds;
        let mut load = load(Kind::Getppid, Some(self.options.capture_rate), seconds)?;
        let meter = self.meter(&load, seconds + 1.0, Engine::None)?;
        let done = load.work()?;
        Ok(Capture {
            seconds: done.seconds,
            made: done.calls as f64 / done.seconds,
            told: meter.end()?,
        })
    }
}
