//! One batch of threads, scored by the monitor's detector and by the plain loop.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use monitor::detect::detector::{Detector, Settings};
use monitor::model::Model;
use monitor::model::runtime::Runtime;
use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use trainer::vocabulary::START;

use super::plain::{Plain, State};
use super::report::Row;
use super::weights::Weights;
use support::spread::Spread;

/// A batch of threads, each with so many calls at once, on both ways to their surprises.
pub struct Case {
    threads: usize,
    calls: usize,
    detector: Detector,
    seq: u64,
    plain: Plain,
    state: State,
    block: Vec<u16>,
    surprise: Vec<f32>,
    pub detector_us: Vec<f64>,
    pub plain_us: Vec<f64>,
    difference: f32,
}

impl Case {
    pub fn new(
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

    pub fn detector(&mut self) -> Result<()> {
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

    pub fn plain(&mut self) -> Result<()> {
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
    pub fn time(
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

    pub fn row(&self) -> Row {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_are_calls() {
        assert!((0..5000).all(|step| (0..16).all(|lane| (1..=340).contains(&index(step, lane)))));
    }
}
