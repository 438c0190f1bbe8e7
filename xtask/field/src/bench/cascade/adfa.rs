//! ADFA-LD: how well the mean surprise of a trace tells attacks from normal traces, by what the
//! LSTM may see of it.

use std::path::Path;

use anyhow::{Context as _, Result};
use monitor::detect::counters::Counters;
use monitor::detect::detector::{Detector, Settings};
use monitor::learn::{Census, finish};
use monitor::model::Model;
use monitor::model::runtime::Runtime;
use monitor::profile::{Profile, Thresholds};
use serde::Serialize;

use super::SHARES;
use super::interleaved::mean_surprise;
use crate::scenarios::report::totals::median;
use evaluation::bootstrap::Interval;
use evaluation::lstm::{ensure_fitted_to, events};
use evaluation::measure::{self, Bootstrap};
use evaluation::parts::{Parts, View, views};
use evaluation::random::Random;
use evaluation::roc::Ranking;
use evaluation::scores::Scores;
use trainer::corpus::Corpus;
use trainer::corpus::normal::NormalTraces;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The general model.
    pub model: String,
    /// Validation traces.
    pub normal: usize,
    /// Attack traces.
    pub attacks: usize,
    /// The general model without a profile.
    pub alone: Vec<Row>,
    /// What a trace counts as that the model saw nothing of: the median training trace, nats a
    /// call.
    pub unseen_as: f64,
    /// The same model where a profile of the training traces asks for it.
    pub profiled: Vec<Row>,
}

/// What was measured at one share.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What the LSTM may see, percent of the calls that ask for it.
    pub lstm_percent: f64,
    /// Calls.
    pub calls: u64,
    /// Those of them that asked for the LSTM.
    pub asked: u64,
    /// Those of them that it saw.
    pub answered: u64,
    /// Validation traces of which no call has a surprise.
    pub unseen_normal: usize,
    /// The same of attack traces.
    pub unseen_attacks: usize,
    /// The area under the ROC curve of all traces.
    pub auc: f64,
    /// Its 95% interval, whole attack runs drawn.
    pub interval: Interval,
    /// By how much it is less than where the LSTM sees all; `None` there.
    pub less: Option<f64>,
    /// The 95% interval of that, both on the same draws.
    pub less_interval: Option<Interval>,
    /// The area among the traces that have a surprise.
    pub auc_of_seen: f64,
}

/// The traces in the order in which a detector meets them.
struct Traces<'a> {
    parts: &'a Parts,
    views: Vec<View>,
    calls: Vec<&'a [u16]>,
    order: Vec<usize>,
    bootstrap: Bootstrap,
}

/// What a detector said at one share.
struct Told {
    percent: f64,
    means: Vec<Option<f64>>,
    counters: Counters,
}

/// Measures by the embedded model.
///
/// # Errors
/// The data cannot be read, the model was fitted to other traces, or inference fails.
pub fn measure(runtime: &Runtime, data: &Path, bootstrap: Bootstrap) -> Result<Measured> {
    let parts = Parts::new(Corpus::read(data)?)?;
    let model = || Model::embedded(runtime).context("the embedded model");
    let manifest = model()?.manifest().clone();
    ensure_fitted_to(&manifest, parts.training.sha256())?;
    let traces = Traces::new(&parts, bootstrap);

    eprintln!("the general model alone");
    let training: Vec<&[u16]> = calls_of(&parts.training).collect();
    let in_order: Vec<usize> = (0..training.len()).collect();
    let mut whole = Detector::new(model()?, settings());
    let trained = mean_surprise(&mut whole, &training, &in_order)?;
    let unseen_as = median(trained.into_iter().flatten()).context("no training trace")?;
    // Without the LSTM there is nothing to rank by.
    let shares = SHARES.into_iter().filter(|&percent| percent > 0.0);
    let alone = shares
        .map(|percent| traces.told(Detector::new(model()?, settings()), percent))
        .collect::<Result<Vec<_>>>()?;

    eprintln!("a profile of the training traces");
    let profile = learn(model()?, &parts.training)?;
    let thresholds = Thresholds::NEVER;
    let by_profile = || {
        let detector = Detector::with_profile(model()?, profile.clone(), thresholds, settings());
        anyhow::Ok(detector)
    };
    let profiled = SHARES
        .into_iter()
        .map(|percent| traces.told(by_profile()?, percent))
        .collect::<Result<Vec<_>>>()?;

    eprintln!("bootstrap");
    Ok(Measured {
        model: manifest.name,
        normal: parts.validation.0.len(),
        attacks: parts.attacks.0.len(),
        alone: traces.rows(&alone, unseen_as),
        unseen_as,
        profiled: traces.rows(&profiled, unseen_as),
    })
}

/// No alarm is wanted.
fn settings() -> Settings {
    Settings {
        slow_threshold: Some(f64::INFINITY),
        fast_threshold: Some(f64::INFINITY),
        ..Settings::default()
    }
}

fn calls_of(traces: &NormalTraces) -> impl Iterator<Item = &[u16]> {
    traces.traces().iter().map(|trace| &trace.calls[..])
}

/// What the monitor learns of the traces, each a thread's life.
fn learn(model: Model, training: &NormalTraces) -> Result<Profile> {
    let mut census = Census::new(Profile::default());
    for (place, calls) in calls_of(training).enumerate() {
        for event in events(place, calls) {
            census.push(&event);
        }
    }
    census.end_source();
    let (profile, lives) = census.into_parts();
    Ok(finish(model, profile, &lives, &mut |_, _| {})?)
}

impl<'a> Traces<'a> {
    fn new(parts: &'a Parts, bootstrap: Bootstrap) -> Self {
        let calls: Vec<_> = parts
            .validation
            .calls()
            .chain(parts.attacks.calls())
            .collect();
        let mut order: Vec<usize> = (0..calls.len()).collect();
        let mut random = Random::new(bootstrap.seed);
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place as u32 + 1) as usize);
        }
        Self {
            parts,
            views: views(parts),
            calls,
            order,
            bootstrap,
        }
    }

    fn told(&self, mut detector: Detector, percent: f64) -> Result<Told> {
        detector.limit_model(percent / 100.0);
        Ok(Told {
            percent,
            means: mean_surprise(&mut detector, &self.calls, &self.order)?,
            counters: detector.counters(),
        })
    }

    /// The figures of shares, the first of which is all.
    fn rows(&self, told: &[Told], unseen_as: f64) -> Vec<Row> {
        let attacks = &self.parts.attacks;
        let view = &self.views[..1];
        let scores: Vec<_> = told.iter().map(|it| self.scores(it, unseen_as)).collect();
        let methods = measure::methods(&scores, view, attacks, self.bootstrap);
        let less = measure::differences(&scores, &view[0], attacks, self.bootstrap);
        let mut less = std::iter::once(None).chain(less.into_iter().map(Some));
        let rows = told.iter().zip(methods).map(|(it, method)| {
            let (normal, attacks) = self.split(&it.means);
            let seen = |means: &[Option<f64>]| means.iter().flatten().copied().collect::<Vec<_>>();
            let less = less.next().flatten();
            Row {
                lstm_percent: it.percent,
                calls: it.counters.calls,
                asked: it.counters.asked,
                answered: it.counters.answered,
                unseen_normal: unseen(normal),
                unseen_attacks: unseen(attacks),
                auc: method.views[0].auc,
                interval: method.views[0].auc_intervals.by_run,
                less: less.as_ref().map(|it| it.auc),
                less_interval: less.map(|it| it.intervals.by_run),
                auc_of_seen: Ranking::new(&seen(normal), &seen(attacks)).curve().auc,
            }
        });
        rows.collect()
    }

    fn split<'b>(&self, means: &'b [Option<f64>]) -> (&'b [Option<f64>], &'b [Option<f64>]) {
        means.split_at(self.parts.validation.0.len())
    }

    fn scores(&self, told: &Told, unseen_as: f64) -> Scores {
        let (normal, attacks) = self.split(&told.means);
        let scored = |means: &[Option<f64>]| {
            let scored = means.iter().map(|mean| mean.or(Some(unseen_as)));
            scored.collect()
        };
        Scores {
            id: format!("{}%", told.percent),
            label: String::new(),
            what: "mean surprise of what was seen, nats a call".to_owned(),
            normal: scored(normal),
            attacks: scored(attacks),
        }
    }
}

fn unseen(means: &[Option<f64>]) -> usize {
    means.iter().filter(|mean| mean.is_none()).count()
}
