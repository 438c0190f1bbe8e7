//! `cargo xtask calibrate`: are the false alarms that are asked for those that come?
//!
//! Each recording is one benign service. Its first part is learned, by priors that are fitted on
//! the other recordings only, and the rest is judged under several budgets. What it finds is the
//! calibration; what it fits on all recordings are the priors that [`monitor::profile::prior`]
//! holds.

mod chart;
mod fit;
mod page;
mod service;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use monitor::model::Model;
use support::files::write_whole;
use trainer::runtime;

use service::{Judged, News, Service};

/// The budgets that are asked for.
pub(crate) const BUDGETS: [&str; 4] = ["30/hour", "10/hour", "1/hour", "1/day"];

/// Options of `cargo xtask calibrate`.
#[derive(Args, Debug)]
pub struct Options {
    /// Recordings of `monitor record`, each of one benign service from its start on.
    #[arg(required = true, num_args = 2.., value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    /// How much of each is learned; the rest is judged.
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration)]
    learn: Duration,
    /// Where `calibration.md` and `plots/calibration.svg` go.
    #[arg(long, default_value = "docs", value_name = "FOLDER")]
    out: PathBuf,
    /// Where libonnxruntime is.
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// Calibrates, and writes the page.
///
/// # Errors
/// Recordings that cannot be read or are too short, results that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    let runtime = runtime::load(options.onnxruntime.as_deref())?;
    let model = || Model::embedded(&runtime).context("the embedded model");
    let services: Vec<_> = options
        .recordings
        .iter()
        .map(|path| Service::new(path))
        .collect();
    let mut news: Vec<News> = Vec::new();
    for service in &services {
        news.push(service.news()?);
        eprintln!("{}: {:.0} s", service.name(), news[news.len() - 1].seconds);
    }
    let seconds = options.learn.as_secs_f64();
    let mut judged: Vec<Judged> = Vec::new();
    for (place, service) in services.iter().enumerate() {
        ensure!(
            news[place].seconds > seconds,
            "{}: it is not longer than what is to be learned",
            service.name()
        );
        let others = news.iter().enumerate().filter(|it| it.0 != place);
        let others: Vec<&News> = others.map(|it| it.1).collect();
        let found = service.judge(&model, fit::priors(&others), seconds)?;
        for (budget, it) in BUDGETS.iter().zip(&found.budgets) {
            eprintln!("{} {budget}: {:?}", service.name(), it.headlines);
        }
        judged.push(found);
    }
    let all: Vec<&News> = news.iter().collect();
    fs::create_dir_all(options.out.join("plots"))
        .with_context(|| options.out.display().to_string())?;
    let page = page::text(&judged, &all, &fit::priors(&all), seconds);
    write_whole(&options.out.join("calibration.md"), page.as_bytes())?;
    let svg = chart::svg(&judged)?;
    write_whole(&options.out.join("plots/calibration.svg"), svg.as_bytes())?;
    println!("{}", options.out.join("calibration.md").display());
    Ok(())
}
