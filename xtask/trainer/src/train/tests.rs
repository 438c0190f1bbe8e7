//! The trainer as a whole: independence of threads, resuming, damaged checkpoints.

mod gradients;

use super::checkpoint;
use super::checkpoint::{Header, Source};
use super::loss::Tally;
use super::optimizer::Rule;
use super::preset::{Architecture, Preset};
use super::random::{Use, generator, normal};
use super::recipe::{Recipe, Sampling};
use super::run::{Epoch, Observer, Progress, run};
use super::samples::Samples;
use crate::corpus::Trace;
use crate::corpus::normal::NormalTraces;

fn traces() -> NormalTraces {
    let mut random = generator(3, Use::Order, [7, 7]);
    let trace = |n: usize| {
        let calls: Vec<u16> = (0..30 + n)
            .map(|t| ((t * (n % 3 + 2) + n) % 11) as u16 * 3)
            .collect();
        let noise = normal(&mut random).to_le_bytes().to_vec();
        (
            Trace {
                name: format!("{n:02}"),
                calls,
            },
            noise,
        )
    };
    NormalTraces::made_up((0..24).map(trace).collect())
}

fn recipe(preset: Preset) -> Recipe {
    let mut recipe = Recipe::of(preset, 11, Some(3));
    match preset {
        Preset::Lm => {
            recipe.architecture = Architecture::Lm {
                embedding: 4,
                units: 6,
                dropout: 0.3,
            };
            recipe.sampling = Sampling::Lanes {
                lanes: 6,
                steps: 16,
                unknown: 0.02,
            };
            recipe.group = 2;
        }
        Preset::Notebook => {
            recipe.architecture = Architecture::Notebook {
                units: vec![3, 4, 3],
                dropout: 0.2,
            };
        }
    }
    recipe
}

/// Stops after so many batches, if at all.
struct StopAfter(Option<usize>);

impl Observer for StopAfter {
    fn step(&mut self, _: u32, _: usize, _: usize, _: &Tally) -> bool {
        match &mut self.0 {
            Some(left) => {
                *left -= 1;
                *left > 0
            }
            None => true,
        }
    }

    fn epoch(&mut self, _: &Progress) -> anyhow::Result<()> {
        Ok(())
    }
}

/// All of an epoch that does not depend on the clock.
fn figures(history: &[Epoch]) -> Vec<[f64; 5]> {
    history
        .iter()
        .map(|e| {
            [
                e.loss,
                e.accuracy,
                e.held_out_loss,
                e.held_out_accuracy,
                e.rate,
            ]
        })
        .collect()
}

fn trained(recipe: &Recipe, threads: usize) -> Progress {
    let traces = traces();
    let start = Progress::new(recipe, recipe.architecture.initial(recipe.seed));
    run(
        recipe,
        &Samples::new(recipe, &traces),
        start,
        threads,
        &mut StopAfter(None),
    )
    .expect("no file is written")
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for preset in [Preset::Lm, Preset::Notebook] {
        let recipe = recipe(preset);
        let (one, three) = (trained(&recipe, 1), trained(&recipe, 3));
        assert_eq!(one.parameters, three.parameters, "{preset:?}");
        assert_eq!(figures(&one.history), figures(&three.history));
        assert!(one.history[2].loss < one.history[0].loss, "it learns");
    }
}

#[test]
fn another_seed_gives_another_model() {
    let mut other = recipe(Preset::Lm);
    other.seed += 1;
    assert_ne!(
        trained(&recipe(Preset::Lm), 1).parameters,
        trained(&other, 1).parameters
    );
}

#[test]
fn a_run_stopped_in_the_middle_resumes_to_the_same_result() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("last.safetensors");
    for preset in [Preset::Lm, Preset::Notebook] {
        let recipe = recipe(preset);
        let traces = traces();
        let samples = Samples::new(&recipe, &traces);
        let batches = samples.epoch(&recipe, 1).steps();
        let start = Progress::new(&recipe, recipe.architecture.initial(recipe.seed));
        let mut stop = StopAfter(Some(batches + batches.div_ceil(2)));
        let stopped = run(&recipe, &samples, start, 2, &mut stop).expect("no file is written");
        assert_eq!(stopped.history.len(), 1, "stopped within the second epoch");

        let header = Header {
            recipe: recipe.clone(),
            source: Source {
                name: "test".into(),
                sha256: traces.sha256().into(),
                traces: 24,
                calls: traces.calls(),
                from: None,
            },
            git_revision: "unknown".into(),
            optimizer_steps: stopped.optimizer.steps,
            best_epoch: stopped.best_epoch,
            history: stopped.history.clone(),
        };
        let layout = recipe.architecture.network().layout;
        checkpoint::save(&file, &header, &layout, &stopped, true).expect("writable");
        let loaded = checkpoint::load(&file).expect("just written");
        assert_eq!((&loaded.header, &loaded.progress), (&header, &stopped));

        let resumed = run(&recipe, &samples, loaded.progress, 1, &mut StopAfter(None))
            .expect("no file is written");
        let whole = trained(&recipe, 2);
        assert_eq!(resumed.parameters, whole.parameters, "{preset:?}");
        assert_eq!(resumed.optimizer, whole.optimizer);
        assert_eq!(
            (resumed.best, resumed.best_epoch),
            (whole.best, whole.best_epoch)
        );
        assert_eq!(figures(&resumed.history), figures(&whole.history));
    }
}

#[test]
fn a_damaged_checkpoint_is_an_error_at_every_byte() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("best.safetensors");
    let mut recipe = recipe(Preset::Lm);
    recipe.architecture = Architecture::Lm {
        embedding: 1,
        units: 1,
        dropout: 0.0,
    };
    let progress = Progress::new(&recipe, recipe.architecture.initial(1));
    let header = Header {
        recipe,
        source: Source {
            name: "test".into(),
            sha256: String::new(),
            traces: 0,
            calls: 0,
            from: None,
        },
        git_revision: "unknown".into(),
        optimizer_steps: 0,
        best_epoch: 0,
        history: Vec::new(),
    };
    let layout = header.recipe.architecture.network().layout;
    checkpoint::save(&file, &header, &layout, &progress, false).expect("writable");
    let bytes = std::fs::read(&file).expect("just written");
    for end in (0..bytes.len()).step_by(97) {
        std::fs::write(&file, &bytes[..end]).expect("writable");
        assert!(checkpoint::load(&file).is_err(), "cut at {end}");
    }
    for at in 0..bytes.len().min(2000) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x15;
        std::fs::write(&file, &bytes).expect("writable");
        // Whatever it is taken for, it does not panic and does not take the memory.
        let _ = checkpoint::load(&file);
    }
    assert_eq!(Rule::Adam, header.recipe.rule);
}
