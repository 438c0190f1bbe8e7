//! The protocol: fit on the training part, score every other trace once, report.

mod model;

mod notebook;

use anyhow::Result;
use monitor::model::manifest::Kind;

use super::baselines::{self, Ngram};
use super::exhibit;
use super::facts;
use super::html::Material;
use super::json::{Data, Evaluation, FORMAT, MadeBy, NextCall, published};
use super::lstm::Lstm;
use super::measure::{self, Bootstrap};
use super::parts::{Parts, View, views};
use super::per_call::PerCall;
use super::scores::Scores;
use model::Measured;
use notebook::notebook;

/// What is to be evaluated, and against what.
pub struct Plan<'a> {
    /// The data.
    pub parts: &'a Parts,
    /// The models: the first is what the evaluation is about, its other seeds follow, then others
    /// to compare with.
    pub models: &'a [Lstm],
    /// How many of `models` are seeds of one recipe, the first included.
    pub seeds: usize,
    /// Whether models may have been fitted to another corpus.
    pub other_corpus: bool,
    /// The bootstrap.
    pub bootstrap: Bootstrap,
    /// Threads to score with.
    pub threads: usize,
    /// What made it.
    pub made_by: MadeBy,
}

/// Runs the protocol.
///
/// # Errors
///
/// When a model was fitted to other traces than those at hand, or cannot score one.
pub fn run(plan: &Plan<'_>) -> Result<(Evaluation, Material)> {
    let parts = plan.parts;
    let views = views(parts);
    let measured: Vec<Measured> = (0..plan.models.len())
        .map(|i| model::measure(plan, i))
        .collect::<Result<_>>()?;
    let (seeds, others) = measured.split_at(plan.seeds);

    eprintln!("n-gram model");
    let ngram = Ngram::fit(parts.training.traces().iter().map(|trace| &trace.calls[..]))?;
    let ngram_calls = PerCall {
        normal: parts
            .validation
            .calls()
            .map(|calls| ngram.surprise(calls))
            .collect::<Result<_, _>>()?,
        attacks: parts
            .attacks
            .calls()
            .map(|calls| ngram.surprise(calls))
            .collect::<Result<_, _>>()?,
    };

    let mut all: Vec<Scores> = seeds.iter().map(|m| m.scores.clone()).collect();
    let mut next_call: Vec<NextCall> = measured.iter().map(|m| m.next_call.clone()).collect();
    next_call.push(ngram_calls.foretold(baselines::NGRAM, None));
    if seeds.len() > 1 {
        let members: Vec<&Scores> = all.iter().collect();
        let label = format!("ensemble of {} seeds", seeds.len());
        all.push(Scores::mean(
            "ensemble",
            &label,
            "mean of the seeds' scores",
            &members,
        ));
    }
    let mut mixtures = Vec::new();
    let mut mixed = Vec::new();
    for (model, measured) in plan.models.iter().zip(seeds) {
        // Of another corpus it is not known what a model has not seen.
        if model.manifest().kind != Kind::Stateful || plan.other_corpus {
            continue;
        }
        let id = format!("{}+ngram", measured.facts.method);
        let facts = model::choose_weight(plan, model, &id)?;
        let per_call = measured.per_call.mix(facts.weight, &ngram_calls);
        next_call.push(per_call.foretold(&id, None));
        mixed.push(per_call.scores(&id, &format!("{} mixed with n-gram", measured.label)));
        mixtures.push(facts);
    }
    if let [first, ..] = &mixed[..] {
        all.push(first.clone());
    }
    if mixed.len() > 1 {
        let members: Vec<&Scores> = mixed.iter().collect();
        let what = "mean of the seeds' scores, each mixed";
        all.push(Scores::mean(
            "ensemble+ngram",
            "ensemble mixed with n-gram",
            what,
            &members,
        ));
    }
    // Only the first seed's mixture is a method of its own.
    next_call.retain(|n| n.method == baselines::NGRAM || known(&all, others, &n.method));
    mixtures.truncate(1);
    all.extend(others.iter().map(|m| m.scores.clone()));
    all.push(ngram_calls.scores(baselines::NGRAM, baselines::NGRAM_LABEL));
    all.extend([6, 3].map(|n| baselines::stide(n, parts)));

    eprintln!("bootstrap");
    let methods = measure::methods(&all, &views, &parts.attacks, plan.bootstrap);
    let first = &measured[0];
    let evaluation = Evaluation {
        format: FORMAT,
        made_by: plan.made_by.clone(),
        data: Data {
            other_corpus: plan.other_corpus,
            ..facts::data(parts)
        },
        models: measured.iter().map(|m| m.facts.clone()).collect(),
        views: facts::views(&views),
        seeds: facts::seeds(&methods[..plan.seeds]),
        differences: measure::differences(&all, &views[0], &parts.attacks, plan.bootstrap),
        mixtures,
        next_call,
        notebook: (first.facts.kind == "window").then(|| notebook(&first.validation)),
        published: published(),
        methods,
    };
    let material = material(&all, &views[0], parts, &first.per_call);
    Ok((evaluation, material))
}

fn known(all: &[Scores], others: &[Measured], id: &str) -> bool {
    all.iter().any(|s| s.id == id) || others.iter().any(|m| m.facts.method == id)
}

fn material(all: &[Scores], view: &View, parts: &Parts, per_call: &PerCall) -> Material {
    let normal = all[0].normal_at(&view.normal);
    Material {
        curves: all
            .iter()
            .map(|scores| measure::ranking(scores, view).curve())
            .collect(),
        threshold: measure::threshold(&normal, 0.10),
        attacks: all[0].attacks_at(&view.attacks),
        exhibits: exhibit::choose(&all[0], per_call, &parts.validation, &parts.attacks),
        normal,
    }
}
