//! A run: epochs of training, each followed by a look at what is held out; the best epoch is kept.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::gradient::{evaluate, gradient};
use super::loss::Tally;
use super::optimizer::{Optimizer, clip};
use super::parameters::count;
use super::recipe::Recipe;
use super::samples::Samples;

/// What an epoch brought.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: u32,
    /// Mean surprise while training (dropout on), nats a call.
    pub loss: f64,
    /// Share of calls predicted right while training.
    pub accuracy: f64,
    /// Mean surprise of what is held out, nats a call.
    pub held_out_loss: f64,
    /// Share of held-out calls predicted right.
    pub held_out_accuracy: f64,
    /// The learning rate at its end.
    pub rate: f64,
    /// Wall-clock time of its training, seconds.
    pub seconds: f64,
    /// Calls trained on per second of wall-clock time.
    pub calls_per_second: f64,
}

/// How far a run has come. Enough to go on as if it had never stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The parameters after the last whole epoch.
    pub parameters: Vec<f32>,
    /// The optimiser's memory.
    pub optimizer: Optimizer,
    /// The parameters of the best epoch.
    pub best: Vec<f32>,
    /// The best epoch's number; 0 before the first.
    pub best_epoch: u32,
    /// Every whole epoch.
    pub history: Vec<Epoch>,
}

/// Follows a run and may stop it.
pub trait Observer {
    /// After every batch: the epoch, batches done and in all, and the epoch's sums so far. False
    /// stops the run; the epoch is dropped.
    fn step(&mut self, epoch: u32, done: usize, all: usize, tally: &Tally) -> bool;

    /// After every epoch.
    ///
    /// # Errors
    /// Whatever should end the run: a checkpoint that cannot be written.
    fn epoch(&mut self, progress: &Progress) -> anyhow::Result<()>;
}

impl Progress {
    /// Before the first epoch, from these parameters.
    #[must_use]
    pub fn new(recipe: &Recipe, parameters: Vec<f32>) -> Self {
        Self {
            optimizer: Optimizer::new(recipe.rule, parameters.len()),
            best: parameters.clone(),
            parameters,
            best_epoch: 0,
            history: Vec::new(),
        }
    }

    /// Whether the recipe's epochs are done or its patience is over.
    #[must_use]
    pub fn finished(&self, recipe: &Recipe) -> bool {
        self.history.len() >= recipe.epochs as usize
            || recipe.patience.is_some_and(|patience| {
                let mut best = f64::INFINITY;
                let mut waited = 0;
                for epoch in &self.history {
                    if epoch.held_out_loss < best - patience.min_delta {
                        best = epoch.held_out_loss;
                        waited = 0;
                    } else {
                        waited += 1;
                    }
                }
                waited >= patience.epochs
            })
    }

    /// The best epoch's figures.
    #[must_use]
    pub fn best(&self) -> Option<&Epoch> {
        self.history
            .iter()
            .find(|epoch| epoch.epoch == self.best_epoch)
    }
}

/// Trains until the recipe is done or the observer stops it.
///
/// # Errors
/// What the observer's `epoch` returns.
pub fn run(
    recipe: &Recipe,
    samples: &Samples,
    mut progress: Progress,
    threads: usize,
    observer: &mut impl Observer,
) -> anyhow::Result<Progress> {
    let network = recipe.architecture.network();
    let mut sum = vec![0.0; count(&network.layout)];
    let mut groups = Vec::new();
    while !progress.finished(recipe) {
        let epoch = progress.history.len() as u32 + 1;
        let pass = samples.epoch(recipe, epoch);
        let mut parameters = progress.parameters.clone();
        let mut optimizer = progress.optimizer.clone();
        let mut tally = Tally::default();
        let mut rate = 0.0;
        let start = Instant::now();
        for step in 0..pass.steps() {
            let calls = pass.fill(&network, step, recipe.group, &mut groups);
            let place = (recipe.seed, u64::from(epoch), step as u64);
            tally.add(gradient(
                &network,
                &parameters,
                &mut groups,
                place,
                calls,
                threads,
                &mut sum,
            ));
            if let Some(length) = recipe.clip {
                clip(&mut sum, length);
            }
            let within = step as f64 / pass.steps() as f64;
            rate = recipe
                .schedule
                .at((f64::from(epoch - 1) + within) / f64::from(recipe.epochs));
            optimizer.step(&mut parameters, &sum, rate);
            if !observer.step(epoch, step + 1, pass.steps(), &tally) {
                return Ok(progress);
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let held_out = held_out_tally(recipe, samples, &parameters, threads);
        progress.history.push(Epoch {
            epoch,
            loss: tally.loss(),
            accuracy: tally.accuracy(),
            held_out_loss: held_out.loss(),
            held_out_accuracy: held_out.accuracy(),
            rate,
            seconds,
            calls_per_second: tally.calls as f64 / seconds,
        });
        progress.parameters = parameters;
        progress.optimizer = optimizer;
        if progress
            .best()
            .is_none_or(|best| held_out.loss() < best.held_out_loss)
        {
            progress.best.clone_from(&progress.parameters);
            progress.best_epoch = epoch;
        }
        observer.epoch(&progress)?;
    }
    Ok(progress)
}

/// The sums over traces, none of them trained on.
#[must_use]
pub fn evaluated<'a>(
    recipe: &Recipe,
    parameters: &[f32],
    traces: impl Iterator<Item = &'a [u16]>,
    threads: usize,
) -> Tally {
    let samples = Samples::to_evaluate(recipe, traces);
    held_out_tally(recipe, &samples, parameters, threads)
}

/// The sums over what is held out.
#[must_use]
pub fn held_out_tally(
    recipe: &Recipe,
    samples: &Samples,
    parameters: &[f32],
    threads: usize,
) -> Tally {
    let network = recipe.architecture.network();
    let pass = samples.held_out(recipe);
    let mut groups = Vec::new();
    let mut tally = Tally::default();
    for step in 0..pass.steps() {
        pass.fill(&network, step, recipe.group, &mut groups);
        tally.add(evaluate(&network, parameters, &mut groups, threads));
    }
    tally
}
