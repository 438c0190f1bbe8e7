//! The detector that the command line asks for.

mod model;
mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use monitor::config;
use monitor::config::values::Span;
use monitor::detect::detector::{Detector, Settings};
use monitor::judging::Rules;
use monitor::profile::budget::{self, Budget};
use monitor::profile::{Profile, file};
use monitor::run;
use monitor::run::snapshot::{ModelIdentity, ProfileIdentity};

use super::status::Usage;
use super::{complain, quantity};
pub use model::ModelArgs;
pub use support::{span, unsupported};

/// Options that say how calls are judged.
#[derive(Args, Clone, Debug, Default)]
pub struct JudgeArgs {
    /// Raise an alarm when the mean surprise of about 100 calls exceeds this; without it, the
    /// model's own
    #[arg(long, value_name = "NATS", value_parser = nats)]
    threshold: Option<f64>,
    /// The same for about 10 calls, to catch bursts
    #[arg(long, value_name = "NATS", value_parser = nats)]
    fast_threshold: Option<f64>,
    /// Without a profile, report what the general model finds unusual, as a threshold does; it has
    /// not learned this service
    #[arg(long)]
    pub judge_by_model: bool,
    #[command(flatten)]
    pub model: ModelArgs,
}

/// Options that say by which service's profile is judged.
#[derive(Args, Clone, Debug, Default)]
pub struct ProfileArgs {
    /// Judge by what `monitor learn` learned of this service
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// False alarms that are acceptable, as in 1/day, 10/week or 0.1/million (calls) [default:
    /// 1/day]
    #[arg(long, value_name = "N/SPAN")]
    budget: Option<Budget>,
    /// Whether the profile is learned on: an option of the live run alone
    #[arg(skip)]
    pub adapt: bool,
}

impl ProfileArgs {
    /// Refuses options that mean nothing without a profile.
    ///
    /// # Errors
    /// When there is one of them and no profile.
    pub fn check(&self) -> Result<(), Usage> {
        match (&self.profile, self.budget) {
            (None, Some(budget)) => Err(Usage(format!(
                "--budget {budget} needs --profile FILE: thresholds for a budget of false alarms \
                 follow from what was learned of a service; without a profile, give --threshold"
            ))),
            _ => Ok(()),
        }
    }

    /// The same, of the profile in that file.
    pub fn at(&self, path: &Path) -> Self {
        Self {
            profile: Some(path.to_owned()),
            ..*self
        }
    }

    /// The false alarms that are acceptable.
    fn budget(&self) -> Budget {
        self.budget.unwrap_or_default()
    }

    /// The same, with the profile learned on if `adapt`.
    #[must_use]
    pub fn adapting(self, adapt: bool) -> Self {
        Self { adapt, ..self }
    }

    /// Where the profile is.
    pub fn path(&self) -> Option<&Path> {
        self.profile.as_deref()
    }

    /// The profile and the SHA-256 of its file; says on standard error when its data do not support
    /// the budget.
    fn read(&self) -> Result<Option<(Profile, String)>> {
        let Some(path) = &self.profile else {
            return Ok(None);
        };
        let (profile, sha256) = file::read(path)?;
        let (_, support) = budget::thresholds(&profile, &self.budget());
        if let Some(words) = unsupported(&self.budget(), &support) {
            complain(&words);
        }
        Ok(Some((profile, sha256)))
    }
}

/// Options that say when an alarm is told.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct AlarmArgs {
    /// Report at most so many alarms within a minute and only log the lighter ones; 0 for all
    /// [default: 10]
    #[arg(long, value_name = "N", value_parser = quantity::whole::<0, 1_000_000>)]
    alarms_per_minute: Option<u64>,

    /// Suppress repeats of an alarm for this long, as in 30m, and report their count then; 0s to
    /// report all [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration)]
    again_after: Option<Duration>,

    /// Exit with this status when there was an alarm, after -- COMMAND too, whose own it is else
    /// [default: 3]
    #[arg(long = "alarm-exit-code", value_name = "N", value_parser = quantity::exit_status)]
    pub exit_code: Option<u8>,
}

impl AlarmArgs {
    /// How long alarms alike are only counted; `None` when all are reported.
    pub fn again_after(self) -> Option<Duration> {
        match self.again_after {
            None => Settings::default().again_after,
            some => some.filter(|span| !span.is_zero()),
        }
    }

    /// The same as an entry of a configuration has it.
    fn reporting(self) -> Result<config::Reporting> {
        let default = config::Reporting::default();
        let per_minute = self.alarms_per_minute.map(usize::try_from).transpose()?;
        Ok(config::Reporting {
            again_after: self.again_after.map_or(default.again_after, Span),
            per_minute: per_minute.unwrap_or(default.per_minute),
            ..default
        })
    }

    /// Without a limit.
    pub const fn all() -> Self {
        Self {
            alarms_per_minute: Some(0),
            again_after: Some(Duration::ZERO),
            exit_code: None,
        }
    }
}

impl JudgeArgs {
    /// Whether the general model raises alarms where there is no profile: somebody who gives a
    /// threshold asks for it.
    pub const fn judges_by_model(&self) -> bool {
        self.judge_by_model || self.threshold.is_some() || self.fast_threshold.is_some()
    }

    /// Loads onnxruntime and the model.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn detector(&self, alarms: AlarmArgs, max_threads: Option<usize>) -> Result<Detector> {
        let none = ProfileArgs::default();
        let judging = Self {
            judge_by_model: true,
            ..self.clone()
        };
        Ok(judging.detector_by(&none, alarms, max_threads, "")?.0)
    }

    /// [`JudgeArgs::detector`], judging by a profile if one is named; and which one that is.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn detector_by(
        &self,
        profile_args: &ProfileArgs,
        alarms: AlarmArgs,
        max_threads: Option<usize>,
        service: &str,
    ) -> Result<(Detector, ModelIdentity)> {
        let own = profile_args.read()?;
        let model = self.model.load()?;
        let entry = config::Settings {
            budget: profile_args.budget(),
            adapt: profile_args.adapt,
            threads: max_threads.unwrap_or(Settings::default().max_threads),
            ..config::Settings::default()
        };
        let ids = run::ids::new().context("no random number is to be had")?;
        let rules = Rules::new(&entry, &alarms.reporting()?, service.into(), ids)
            .without_profile(self.judges_by_model())
            .with_thresholds(self.threshold, self.fast_threshold);
        let (profile, sha256) = own.unzip();
        let detector = rules.detector(model, profile);
        let limits = detector.limits();
        let identity = ModelIdentity {
            slow_threshold: limits.slow,
            fast_threshold: limits.fast,
            profile: sha256.map(|sha256| ProfileIdentity {
                sha256,
                adapted: profile_args.adapt,
                path: profile_path(profile_args.path()),
                first_seen_threshold: limits.first_seen,
                sequence_threshold: limits.sequence,
            }),
            ..ModelIdentity::of(detector.model().manifest())
        };
        Ok((detector, identity))
    }
}

/// Where a profile is whatever folder it is looked for from.
fn profile_path(path: Option<&Path>) -> Option<String> {
    let path = path?.canonicalize().ok()?;
    path.to_str().map(str::to_owned)
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
