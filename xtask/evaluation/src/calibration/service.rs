//! One benign service: what was new in its life, and what is raised about it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use monitor::detect::detector::{Detector, Settings};
use monitor::detect::verdict::{Pace, Verdict};
use monitor::incident::{Incident, Incidents, State};
use monitor::learn::{Census, finish};
use monitor::model::Model;
use monitor::profile::Profile;
use monitor::profile::budget::{Budget, thresholds};
use monitor::profile::class::Class;
use monitor::profile::prior::Priors;
use monitor::syscall::event::Event;
use monitor::trace;

use super::BUDGETS;

/// What a service did at its start is not counted, seconds: `600 e⁻²`, as of a service that was
/// learned for ten minutes.
pub const START_S: f64 = 81.2;

/// Events between two rounds of inference.
const ROUND: usize = 2000;

/// A recording of a service.
pub struct Service {
    path: PathBuf,
}

/// What was new in a service's life after its start.
#[derive(Clone, Debug)]
pub struct News {
    /// How long the recording is.
    pub seconds: f64,
    /// How many of each class, in the order of [`Class::ALL`].
    pub counts: Vec<u64>,
    /// Whether the recording says what calls touch.
    pub touches: bool,
}

/// What was raised about a service.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The service.
    pub name: String,
    /// How long it was judged, hours.
    pub hours: f64,
    /// Calls judged.
    pub calls: u64,
    /// What was found under each of [`BUDGETS`].
    pub budgets: Vec<OfBudget>,
}

/// What was raised about a service under one budget.
#[derive(Clone, Debug, Default)]
pub struct OfBudget {
    /// False incidents.
    pub incidents: u64,
    /// Those of them whose heaviest alarm rests on the order of calls, and not on something new.
    pub by_sequence: u64,
    /// How many the profile's own model expects over the same time.
    pub expected: f64,
    /// Calls judged.
    pub calls: u64,
    /// What each incident says.
    pub headlines: Vec<String>,
}

impl News {
    /// E-folds of the time after the start.
    pub fn folds(&self) -> f64 {
        (self.seconds / START_S).max(1.0).ln()
    }
}

impl Service {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
        }
    }

    /// The name of its file.
    pub fn name(&self) -> String {
        let name = self.path.file_stem().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Hears every event and when it came, seconds from the first.
    fn hear(&self, hear: &mut dyn FnMut(Event, f64) -> Result<()>) -> Result<()> {
        let source = trace::open(&self.path, None)?;
        let mut first = None;
        for event in source {
            let event = event.with_context(|| self.path.display().to_string())?;
            let began = *first.get_or_insert(event.time_ns);
            #[expect(clippy::cast_precision_loss, reason = "a time need not be exact")]
            let seconds = event.time_ns.saturating_sub(began) as f64 / 1e9;
            hear(event, seconds)?;
        }
        Ok(())
    }

    /// What was new in it.
    pub fn news(&self) -> Result<News> {
        let mut census = Census::new(Profile::default());
        self.hear(&mut |event, _| {
            census.push(&event);
            Ok(())
        })?;
        let known = &census.profile().known;
        let late = |class: &Class| {
            let all = known.sightings().of(*class).iter();
            all.filter(|at| at.exposure() > START_S).count() as u64
        };
        let mut of_touches = Class::ALL.iter().filter(|class| class.is_touch());
        Ok(News {
            seconds: known.learned().exposure(),
            counts: Class::ALL.iter().map(late).collect(),
            touches: of_touches.any(|class| !known.sightings().of(*class).is_empty()),
        })
    }

    /// Learns so many seconds of it by these priors, and judges the rest.
    pub fn judge(
        &self,
        model: &dyn Fn() -> Result<Model>,
        priors: Priors,
        learned_s: f64,
    ) -> Result<Judged> {
        let mut census = Census::new(Profile::default());
        let mut seconds = 0.0_f64;
        self.hear(&mut |event, at| {
            seconds = seconds.max(at);
            if at <= learned_s {
                census.push(&event);
            }
            Ok(())
        })?;
        let progress = census.end_source();
        census.note(vec![progress.origin()]);
        let (profile, lives) = census.into_parts();
        let mut profile = finish(model()?, profile, &lives, &mut |_, _| {})?;
        profile.known.set_priors(priors);
        let mut judges = Vec::new();
        for budget in BUDGETS {
            let budget = budget.parse().context("a budget of ours")?;
            judges.push(Judge::new(
                model()?,
                &profile,
                &budget,
                (learned_s, seconds),
            ));
        }
        self.hear(&mut |event, at| {
            let judged = judges.iter_mut().filter(|_| at > learned_s);
            judged.into_iter().try_for_each(|judge| judge.push(&event))
        })?;
        let budgets = judges.into_iter().map(Judge::finish);
        let budgets = budgets.collect::<Result<Vec<_>>>()?;
        let calls = budgets.first().map_or(0, |it| it.calls);
        Ok(Judged {
            name: self.name(),
            hours: (seconds - learned_s) / 3600.0,
            calls,
            budgets,
        })
    }
}

/// A service judged under one budget.
struct Judge {
    detector: Detector,
    incidents: Incidents,
    queued: usize,
    found: OfBudget,
}

impl Judge {
    /// Of a profile that was learned for the first of these seconds and is judged up to the second.
    fn new(model: Model, profile: &Profile, budget: &Budget, (from, to): (f64, f64)) -> Self {
        let (cuts, support) = thresholds(profile, budget);
        let settings = Settings::default();
        // Of what is expected in the budget's own time, new things come evenly over the e-folds.
        let share = (to / from).ln() / (support.seconds / support.learned_s).ln_1p();
        Self {
            incidents: Incidents::new(settings.again_after),
            detector: Detector::with_profile(model, profile.clone(), cuts, settings),
            queued: 0,
            found: OfBudget {
                expected: support.expected * share,
                ..OfBudget::default()
            },
        }
    }

    fn push(&mut self, event: &Event) -> Result<()> {
        self.detector.push(event);
        self.queued += 1;
        if self.queued == ROUND {
            self.queued = 0;
            let mut verdicts = Vec::new();
            self.detector.score(&mut verdicts)?;
            self.group(&verdicts);
        }
        Ok(())
    }

    fn group(&mut self, verdicts: &[Verdict]) {
        let mut statements = Vec::new();
        for verdict in verdicts {
            if let Verdict::Alarm(alarm) = verdict {
                self.incidents.alarm(alarm, &mut statements);
            }
        }
        self.count(&statements);
    }

    fn count(&mut self, statements: &[Incident]) {
        for incident in statements.iter().filter(|it| it.state == State::Opened) {
            self.found.incidents += 1;
            self.found.by_sequence += u64::from(incident.alarm.pace == Pace::Sequence);
            self.found.headlines.push(incident.headline.clone());
        }
    }

    fn finish(mut self) -> Result<OfBudget> {
        let mut verdicts = Vec::new();
        self.detector.finish(&mut verdicts)?;
        self.group(&verdicts);
        let mut statements = Vec::new();
        self.incidents.finish(&mut statements);
        self.count(&statements);
        self.found.calls = self.detector.counters().calls;
        Ok(self.found)
    }
}
