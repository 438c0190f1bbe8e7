//! The protocol: fit on the training part, score every other trace once, report.

use anyhow::{Result, anyhow, ensure};
use monitor::model::manifest::Kind;

use super::baselines::{self, Ngram};
use super::exhibit;
use super::facts;
use super::html::Material;
use super::json::{
    Data, Evaluation, FORMAT, MadeBy, Mixture, ModelFacts, NextCall, Notebook, published,
};
use super::lstm::{Lstm, Scored, ensure_fitted_to};
use super::measure::{self, Bootstrap};
use super::mixture::{HeldOut, HeldOutSurprise};
use super::parts::{Parts, View, views};
use super::per_call::PerCall;
use super::scores::Scores;
use trainer::corpus::Trace;
use trainer::train::windows::ENOUGH;

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

/// What one model measured.
struct Measured {
    facts: ModelFacts,
    label: String,
    scores: Scores,
    per_call: PerCall,
    next_call: NextCall,
    validation: Vec<Scored>,
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
        .map(|i| measure_model(plan, i))
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
        let facts = choose_weight(plan, model, &id)?;
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

fn measure_model(plan: &Plan<'_>, place: usize) -> Result<Measured> {
    let (model, parts) = (&plan.models[place], plan.parts);
    let manifest = model.manifest();
    if !plan.other_corpus {
        ensure_fitted_to(manifest, parts.training.sha256())
            .map_err(|why| anyhow!("{why} (--other-corpus evaluates it all the same)"))?;
    }
    let repeated = plan.models[..place]
        .iter()
        .any(|m| m.manifest().name == manifest.name);
    let mut id = manifest.name.clone();
    let mut label = format!("LSTM {}", manifest.name);
    if place > 0 && place < plan.seeds {
        label = format!(
            "LSTM {}, seed {}",
            plan.models[0].manifest().name,
            manifest.seed
        );
    }
    if repeated {
        id = format!("{id}-{place}");
    }
    let normal: Vec<&[u16]> = parts.validation.calls().collect();
    let attacks: Vec<&[u16]> = parts.attacks.calls().collect();
    let normal = model.score(&normal, true, plan.threads)?;
    let attacks = model.score(&attacks, false, plan.threads)?;
    let surprise = |traces: &[Scored]| traces.iter().map(|s| s.surprise.clone()).collect();
    let per_call = PerCall {
        normal: surprise(&normal),
        attacks: surprise(&attacks),
    };
    let calls: usize = normal.iter().map(|s| s.surprise.len()).sum();
    let right: Option<u64> = normal.iter().map(|s| s.right).sum();
    let means = |traces: &[Scored]| traces.iter().map(|s| s.mean).collect();
    Ok(Measured {
        facts: model.facts(&id),
        scores: Scores {
            id: id.clone(),
            label: label.clone(),
            what: "mean surprise, nats a call".to_owned(),
            normal: means(&normal),
            attacks: means(&attacks),
        },
        next_call: per_call.foretold(&id, right.map(|right| right as f64 / calls as f64)),
        per_call,
        label,
        validation: normal,
    })
}

/// Chooses a mixture's weight: sees the training part alone.
fn choose_weight(plan: &Plan<'_>, model: &Lstm, id: &str) -> Result<Mixture> {
    let manifest = model.manifest();
    let (held_out, fitted) = HeldOut::split(&plan.parts.training, manifest.seed);
    let ngram = Ngram::fit(fitted.iter().map(|trace: &&Trace| &trace.calls[..]))?;
    let surprise = HeldOutSurprise::measure(
        &held_out,
        |traces| {
            let scored = model.score(traces, false, plan.threads)?;
            anyhow::Ok(scored.into_iter().map(|s| s.surprise).collect())
        },
        |traces| {
            Ok(traces
                .iter()
                .map(|calls| ngram.surprise(calls))
                .collect::<Result<_, _>>()?)
        },
    )?;
    let choice = surprise.choose();
    ensure!(
        (choice.lstm_nats - manifest.held_out_nats).abs() < 1e-3,
        "model `{}` has {:.4} nats on the held-out traces of seed {}, but its manifest says {:.4}: \
         it was not trained with this split, so what it has not seen is not known",
        manifest.name,
        choice.lstm_nats,
        manifest.seed,
        manifest.held_out_nats
    );
    Ok(Mixture {
        method: id.to_owned(),
        weight: choice.weight,
        held_out_traces: surprise.traces(),
        held_out_calls: choice.calls,
        lstm_nats: choice.lstm_nats,
        ngram_nats: choice.ngram_nats,
        mixed_nats: choice.mixed_nats,
    })
}

/// The notebook's measure over the first windows, whole traces in sorted order until there are
/// more than [`ENOUGH`].
fn notebook(validation: &[Scored]) -> Notebook {
    let (mut windows, mut sum, mut right) = (0, 0.0, 0);
    for trace in validation {
        if windows > ENOUGH {
            break;
        }
        windows += trace.surprise.len();
        sum += trace
            .surprise
            .iter()
            .map(|&nats| f64::from(nats))
            .sum::<f64>();
        right += trace.right.unwrap_or(0);
    }
    Notebook {
        windows,
        loss: sum / windows as f64,
        accuracy: right as f64 / windows as f64,
        published_loss: 2.64,
        published_accuracy: 0.37,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notebooks_measure_ends_with_the_trace_that_makes_it_enough() {
        let trace = |windows: usize, nats: f32, right: u64| Scored {
            mean: None,
            surprise: vec![nats; windows],
            right: Some(right),
        };
        let traces = [
            trace(ENOUGH, 1.0, 10_000),
            trace(1000, 2.0, 500),
            trace(1000, 9.0, 0),
        ];
        let measured = notebook(&traces);
        assert_eq!(measured.windows, 21_000);
        assert!((measured.loss - 22.0 / 21.0).abs() < 1e-9);
        assert_eq!(measured.accuracy, 0.5);
    }
}
