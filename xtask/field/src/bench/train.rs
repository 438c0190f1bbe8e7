//! `cargo xtask bench train`: calls a second that training takes, by cores.

use std::num::NonZero;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use nix::time::{ClockId, clock_gettime};
use rand::Rng;

use trainer::train::gradient::{Group, gradient};
use trainer::train::lanes::Lanes;
use trainer::train::optimizer::{Optimizer, Rule, clip};
use trainer::train::preset::Architecture;
use trainer::train::random::{Use, generator};
use trainer::vocabulary::SIZE;

/// Options of `cargo xtask bench train`.
#[derive(Args, Debug)]
pub struct Options {
    /// Elements of an embedded call.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    embedding: u16,
    /// Units of the LSTM, each measured.
    #[arg(long, value_delimiter = ',', default_value = "128,200", value_parser = clap::value_parser!(u16).range(1..=4096))]
    units: Vec<u16>,
    /// Lanes.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=4096))]
    lanes: u16,
    /// Steps between two updates.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=4096))]
    steps: u16,
    /// Lanes computed together.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=4096))]
    group: u16,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Cores at most, each number from 1 on is measured [default: all].
    #[arg(long)]
    cores: Option<NonZero<usize>>,
}

/// Runs the command: whole updates (forward, back, Adam) on random calls.
///
/// # Errors
/// The process's CPU clock cannot be read.
pub fn command(options: &Options) -> Result<()> {
    let cores = options
        .cores
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZero::get);
    println!("units  cores  calls/s  calls/s of CPU time a core");
    for &units in &options.units {
        for cores in 1..=cores {
            let (wall, cpu) = measure(options, usize::from(units), cores)?;
            println!("{units:5}  {cores:5}  {wall:7.0}  {cpu:7.0}");
        }
    }
    Ok(())
}

/// Calls a second of wall-clock time, and of CPU time.
fn measure(options: &Options, units: usize, cores: usize) -> Result<(f64, f64)> {
    let architecture = Architecture::Lm {
        embedding: usize::from(options.embedding),
        units,
        dropout: 0.3,
    };
    let (lanes, steps, group) = (
        usize::from(options.lanes),
        usize::from(options.steps),
        usize::from(options.group),
    );
    let network = architecture.network();
    let mut parameters = architecture.initial(1);
    let mut optimizer = Optimizer::new(Rule::Adam, parameters.len());
    let mut sum = vec![0.0; parameters.len()];
    let mut random = generator(1, Use::Order, [0, 0]);
    let traces: Vec<Vec<u16>> = (0..lanes)
        .map(|_| {
            (0..steps)
                .map(|_| random.random_range(0..SIZE as u16))
                .collect()
        })
        .collect();
    let data = Lanes::new(traces.iter().map(|calls| &calls[..]), lanes, steps);
    let mut groups = Vec::new();
    for at in (0..lanes).step_by(group) {
        let end = lanes.min(at + group);
        let mut part = Group::new(&network, end - at);
        part.batch = data.batch(0, at..end);
        groups.push(part);
    }
    let mut update = |step: u64| {
        gradient(
            &network,
            &parameters,
            &mut groups,
            (1, 1, step),
            lanes * steps,
            cores,
            &mut sum,
        );
        clip(&mut sum, 1.0);
        optimizer.step(&mut parameters, &sum, 1e-3);
    };
    update(0);
    let (start, busy) = (Instant::now(), cpu()?);
    let mut updates = 0;
    while start.elapsed() < Duration::from_secs(options.seconds) {
        updates += 1;
        update(updates);
    }
    let calls = updates as f64 * (lanes * steps) as f64;
    let busy = (cpu()?.saturating_sub(busy)).as_secs_f64();
    Ok((calls / start.elapsed().as_secs_f64(), calls / busy))
}

/// CPU time of this process, all threads together.
fn cpu() -> Result<Duration> {
    let time =
        clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).context("the CPU clock cannot be read")?;
    Ok(Duration::from(time))
}
