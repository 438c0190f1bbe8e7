//! What one model measures: its scores, what it foretells, and how much of a mixture it is to be.

use anyhow::{Result, anyhow, ensure};

use super::Plan;
use crate::baselines::Ngram;
use crate::json::{Mixture, ModelFacts, NextCall};
use crate::lstm::{Lstm, Scored, ensure_fitted_to};
use crate::mixture::{HeldOut, HeldOutSurprise};
use crate::per_call::PerCall;
use crate::scores::Scores;
use trainer::corpus::Trace;

/// What one model measured.
pub struct Measured {
    pub facts: ModelFacts,
    pub label: String,
    pub scores: Scores,
    pub per_call: PerCall,
    pub next_call: NextCall,
    pub validation: Vec<Scored>,
}

/// Scores all traces by the model at this place of the plan.
pub fn measure(plan: &Plan<'_>, place: usize) -> Result<Measured> {
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
pub fn choose_weight(plan: &Plan<'_>, model: &Lstm, id: &str) -> Result<Mixture> {
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
