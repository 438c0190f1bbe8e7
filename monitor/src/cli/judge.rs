//! The detector that the command line asks for.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use clap::Args;
use monitor::detect::detector::{Detector, Settings};
use monitor::incident::ids::IdSource;
use monitor::model::Model;
use monitor::model::runtime::Runtime;
use monitor::profile::budget::{self, Budget, Support};
use monitor::profile::class::Class;
use monitor::profile::{Profile, Thresholds, file};
use monitor::run::snapshot::{ModelIdentity, ProfileIdentity};
use monitor::trace::error::shown;

use super::status::Usage;
use super::{complain, quantity};

/// Options that say how calls are judged.
#[derive(Args, Clone, Debug, Default)]
pub struct JudgeArgs {
    /// Raise an alarm when the mean surprise of about 100 calls exceeds this; without it, the model's own
    #[arg(long, value_name = "NATS", value_parser = nats)]
    threshold: Option<f64>,
    /// The same for about 10 calls, to catch bursts
    #[arg(long, value_name = "NATS", value_parser = nats)]
    fast_threshold: Option<f64>,
    /// Without a profile, report what the general model finds unusual, as a threshold does; it has not learned this service
    #[arg(long)]
    pub judge_by_model: bool,
    #[command(flatten)]
    pub model: ModelArgs,
}

/// Options that name the general model.
#[derive(Args, Clone, Debug, Default)]
pub struct ModelArgs {
    /// Judge by the model in this folder (model.onnx, manifest.json); without it, the embedded one
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Where libonnxruntime is; without it, ORT_DYLIB_PATH, beside the monitor, the system's path
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

impl ModelArgs {
    /// The folder of a model that is not the embedded one.
    pub fn folder(&self) -> Option<&Path> {
        self.model.as_deref()
    }

    /// Loads onnxruntime and the model.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn load(&self) -> Result<Model> {
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        match &self.model {
            Some(folder) => load(&runtime, folder),
            None => Model::embedded(&runtime).context("the embedded model"),
        }
    }
}

/// Options that say by which service's profile is judged.
#[derive(Args, Clone, Debug, Default)]
pub struct ProfileArgs {
    /// Judge by what `monitor learn` learned of this service
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// False alarms that are acceptable, as in 1/day, 10/week or 0.1/million (calls) [default: 1/day]
    #[arg(long, value_name = "N/SPAN")]
    budget: Option<Budget>,
}

impl ProfileArgs {
    /// Refuses options that mean nothing without a profile.
    ///
    /// # Errors
    /// When there is one of them and no profile.
    pub fn check(&self) -> Result<(), Usage> {
        match (&self.profile, self.budget) {
            (None, Some(budget)) => Err(Usage(format!(
                "--budget {budget} needs --profile FILE: thresholds for a budget of false alarms follow from \
                 what was learned of a service; without a profile, give --threshold"
            ))),
            _ => Ok(()),
        }
    }

    /// The same, of the profile in that file.
    pub fn at(&self, path: &Path) -> Self {
        Self {
            profile: Some(path.to_owned()),
            budget: self.budget,
        }
    }

    /// Where the profile is.
    pub fn path(&self) -> Option<&Path> {
        self.profile.as_deref()
    }

    /// The profile and its thresholds; says on standard error when its data do not support the budget.
    fn read(&self) -> Result<Option<(Profile, Thresholds, String)>> {
        let Some(path) = &self.profile else {
            return Ok(None);
        };
        let (profile, sha256) = file::read(path)?;
        let budget = self.budget.unwrap_or_default();
        let (thresholds, support) = budget::thresholds(&profile, &budget);
        if let Some(words) = unsupported(&budget, &support) {
            complain(&words);
        }
        Ok(Some((profile, thresholds, sha256)))
    }
}

/// What to say when a profile does not know its service long enough to report by itself, within the budget, what a person
/// would expect to hear of; `None` when it does.
pub fn unsupported(budget: &Budget, support: &Support) -> Option<String> {
    let reported = |class| support.of(class).is_some_and(|it| it.reported);
    // Where what calls touch is known, a program comes with its file.
    let program = reported(Class::Name) || reported(Class::ProgramTouch);
    let expected = [
        (Class::PrivilegedCall, reported(Class::PrivilegedCall)),
        (Class::Name, program),
    ];
    let missing = expected.iter().filter(|it| !it.1);
    let missing: Vec<_> = missing.filter_map(|it| support.of(it.0)).collect();
    let longest = missing.iter().map(|it| it.more_s).reduce(f64::max)?;
    let words: Vec<_> = missing.iter().map(|it| it.class.words()).collect();
    Some(format!(
        "the profile was learned for {}: under {budget}, {} is not reported by itself yet; {}",
        span(support.learned_s),
        words.join(" or "),
        more(longest)
    ))
}

/// The advice to learn for so many seconds more.
pub fn more(seconds: f64) -> String {
    const MOST_S: f64 = 30.0 * 86_400.0;
    if seconds > MOST_S {
        "this service comes up with such things too often for that budget".into()
    } else {
        format!(
            "learning for {} more, by monitor learn --update, would do",
            span(seconds)
        )
    }
}

/// A time in words, to two units.
pub fn span(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0).round()).unwrap_or(Duration::MAX);
    let shown = humantime::format_duration(whole).to_string();
    shown.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Options that say when an alarm is told.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct AlarmArgs {
    /// Report at most so many alarms within a minute and only log the lighter ones; 0 for all [default: 10]
    #[arg(long, value_name = "N", value_parser = quantity::whole::<0, 1_000_000>)]
    alarms_per_minute: Option<u64>,

    /// Suppress repeats of an alarm for this long, as in 30m, and report their count then; 0s to report all [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration)]
    again_after: Option<Duration>,

    /// Exit with this status when there was an alarm, after -- COMMAND too, whose own it is else [default: 3]
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
    /// Whether the general model raises alarms where there is no profile: somebody who gives a threshold asks for it.
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
        let default = Settings::default();
        let settings = Settings {
            slow_threshold: self.threshold,
            fast_threshold: self.fast_threshold,
            max_threads: max_threads.unwrap_or(default.max_threads),
            alarms_per_minute: match alarms.alarms_per_minute {
                None => default.alarms_per_minute,
                Some(0) => None,
                Some(most) => Some(usize::try_from(most)?),
            },
            again_after: alarms.again_after(),
            judge_by_model: self.judges_by_model(),
            provisional: true,
            service: service.into(),
            ids: ids()?,
        };
        let Some((profile, thresholds, sha256)) = own else {
            let detector = Detector::new(model, settings);
            let identity = identity(&detector);
            return Ok((detector, identity));
        };
        let detector = Detector::with_profile(model, profile, thresholds, settings);
        let mut identity = identity(&detector);
        identity.profile = Some(ProfileIdentity {
            sha256,
            adapted: false,
            path: profile_path(profile_args.path()),
            first_seen_threshold: thresholds.first_seen,
            sequence_threshold: thresholds.sequence,
        });
        Ok((detector, identity))
    }
}

/// Makes ids that no other run makes.
fn ids() -> Result<IdSource> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed)
        .map_err(|why| anyhow::anyhow!("no random number is to be had: {why}"))?;
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let now = i128::try_from(now.as_nanos()).unwrap_or(0);
    Ok(IdSource::new(seed, now))
}

/// Where a profile is whatever folder it is looked for from.
fn profile_path(path: Option<&Path>) -> Option<String> {
    let path = path?.canonicalize().ok()?;
    path.to_str().map(str::to_owned)
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
