//! The detector that the command line asks for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use monitor::detect::detector::{Detector, Settings};
use monitor::detect::scorer::Model;
use monitor::detect::scorer::runtime::Runtime;
use monitor::report::snapshot::ModelIdentity;
use monitor::trace::error::shown;

use super::status::Usage;

/// Options that say how calls are judged.
#[derive(Args, Clone, Debug, Default)]
pub struct JudgeArgs {
    /// Raise an alarm when the mean surprise of about 100 calls exceeds this; without it, the model's own
    #[arg(long, value_name = "NATS", value_parser = nats)]
    threshold: Option<f64>,
    /// The same for about 10 calls, to catch bursts
    #[arg(long, value_name = "NATS", value_parser = nats)]
    fast_threshold: Option<f64>,
    /// Judge by the model in this folder (model.onnx, manifest.json); without it, the embedded one
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Where libonnxruntime is; without it, ORT_DYLIB_PATH, beside the monitor, the system's path
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// Options that say when an alarm is told.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct AlarmArgs {
    /// Tell at most so many alarms within a minute and count the rest; 0 for all [default: 10]
    #[arg(long, value_name = "N")]
    alarms_per_minute: Option<usize>,
}

impl AlarmArgs {
    /// Without a limit.
    pub const fn all() -> Self {
        Self {
            alarms_per_minute: Some(0),
        }
    }
}

impl JudgeArgs {
    /// Loads onnxruntime and the model.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn detector(&self, alarms: AlarmArgs, max_threads: Option<usize>) -> Result<Detector> {
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        let model = match &self.model {
            Some(folder) => load(&runtime, folder)?,
            None => Model::embedded(&runtime).context("the embedded model")?,
        };
        let default = Settings::default();
        let settings = Settings {
            slow_threshold: self.threshold,
            fast_threshold: self.fast_threshold,
            max_threads: max_threads.unwrap_or(default.max_threads),
            alarms_per_minute: match alarms.alarms_per_minute {
                None => default.alarms_per_minute,
                Some(0) => None,
                some => some,
            },
        };
        Ok(Detector::new(model, settings))
    }
}

fn load(runtime: &Runtime, folder: &Path) -> Result<Model> {
    let at = shown(folder);
    if !folder.is_dir() {
        return Err(Usage(format!(
            "--model: {at} is no folder; give one with model.onnx and manifest.json in it"
        ))
        .into());
    }
    Model::load(runtime, folder).with_context(|| format!("the model in {at}"))
}

/// Which model a detector judges by, and by which thresholds.
pub fn identity(detector: &Detector) -> ModelIdentity {
    let manifest = detector.model().manifest();
    let limits = detector.limits();
    ModelIdentity {
        name: manifest.name.clone(),
        sha256: manifest.model_sha256.clone(),
        slow_threshold: limits.slow,
        fast_threshold: limits.fast,
        profile: None,
    }
}

fn nats(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(nats) if nats.is_finite() && nats > 0.0 => Ok(nats),
        _ => Err("give a number of nats above 0, as in 3.5".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::nats;

    #[test]
    fn a_threshold_is_a_finite_number_above_zero() {
        assert_eq!(nats("3.5"), Ok(3.5));
        for wrong in ["0", "-1", "nan", "inf", "1e999", "", "3,5"] {
            assert!(nats(wrong).is_err(), "{wrong}");
        }
    }
}
