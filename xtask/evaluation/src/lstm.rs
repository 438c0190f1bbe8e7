//! Traces through the monitor's own detector.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use monitor::detect::detector::{Detector, Settings};
use monitor::detect::verdict::Verdict;
use monitor::model::Model;
use monitor::model::manifest::{Kind, Manifest};
use monitor::model::runtime::Runtime;
use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

use super::json::ModelFacts;
use trainer::train::parallel;

/// Traces that one detector scores together.
const TOGETHER: usize = 64;

/// A model folder that was found to be usable.
pub struct Lstm {
    runtime: Runtime,
    folder: PathBuf,
    manifest: Manifest,
}

/// What the detector said of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Mean surprise, nats a call, as the detector tells it at a thread's end; `None` when the
    /// trace was too short to score a call.
    pub mean: Option<f64>,
    /// The surprise of the calls that were scored; those that were not stand before them.
    pub surprise: Vec<f32>,
    /// How many of these calls were the likeliest, if that was asked.
    pub right: Option<u64>,
}

impl Lstm {
    /// Opens a model folder.
    ///
    /// # Errors
    ///
    /// When the folder holds no model that the monitor takes.
    pub fn open(runtime: &Runtime, folder: &Path) -> Result<Self> {
        let model = Model::load(runtime, folder).with_context(|| folder.display().to_string())?;
        let manifest = model.manifest().clone();
        Ok(Self {
            runtime: runtime.clone(),
            folder: folder.to_owned(),
            manifest,
        })
    }

    /// What the folder says of it.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What `evaluation.json` says of it, as the method `id`.
    #[must_use]
    pub fn facts(&self, id: &str) -> ModelFacts {
        ModelFacts {
            method: id.to_owned(),
            name: self.manifest.name.clone(),
            kind: match self.manifest.kind {
                Kind::Stateful => "stateful".to_owned(),
                Kind::Window => "window".to_owned(),
            },
            sha256: self.manifest.model_sha256.clone(),
            seed: self.manifest.seed,
            parameters: self.manifest.parameters,
        }
    }

    /// Scores traces, each as the life of one thread; `accuracy` asks how many calls were the
    /// likeliest, too. Traces that repeat each other are scored once. The result does not depend
    /// on the number of threads.
    ///
    /// # Errors
    ///
    /// When inference fails.
    pub fn score(&self, traces: &[&[u16]], accuracy: bool, threads: usize) -> Result<Vec<Scored>> {
        let mut places: HashMap<&[u16], usize> = HashMap::new();
        let mut distinct: Vec<&[u16]> = Vec::new();
        let place: Vec<usize> = traces
            .iter()
            .map(|&trace| {
                *places.entry(trace).or_insert_with(|| {
                    distinct.push(trace);
                    distinct.len() - 1
                })
            })
            .collect();
        // Traces of like length together, the longest first, so that few lanes run empty.
        let mut order: Vec<usize> = (0..distinct.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(distinct[i].len()));
        let mut jobs: Vec<Job> = order
            .chunks(TOGETHER)
            .map(|places| Job {
                places: places.to_vec(),
                scored: Ok(Vec::new()),
            })
            .collect();
        let calls = distinct.iter().map(|trace| trace.len() as u64).sum();
        let bar = ProgressBar::new(calls).with_style(
            ProgressStyle::with_template("{msg} {bar:40} {percent}% {per_sec} {eta} left")
                .context("the progress bar's template")?,
        );
        bar.set_message(self.manifest.name.clone());
        parallel::each(threads, &mut jobs, |_, job| {
            let traces: Vec<&[u16]> = job.places.iter().map(|&i| distinct[i]).collect();
            job.scored = self.score_together(&traces, accuracy);
            bar.inc(traces.iter().map(|trace| trace.len() as u64).sum());
        });
        bar.finish_and_clear();
        let mut by_distinct = vec![Scored::default(); distinct.len()];
        for job in jobs {
            for (place, scored) in job.places.into_iter().zip(job.scored?) {
                by_distinct[place] = scored;
            }
        }
        Ok(place.into_iter().map(|i| by_distinct[i].clone()).collect())
    }

    fn score_together(&self, traces: &[&[u16]], accuracy: bool) -> Result<Vec<Scored>> {
        let model = Model::load(&self.runtime, &self.folder)
            .with_context(|| self.folder.display().to_string())?;
        // Means are measured here, no alarm is wanted.
        let settings = Settings {
            slow_threshold: Some(f64::INFINITY),
            fast_threshold: Some(f64::INFINITY),
            ..Settings::default()
        };
        let mut detector = Detector::new(model, settings);
        let mut scored = vec![Scored::default(); traces.len()];
        for (place, trace) in traces.iter().enumerate() {
            let [calls, exit] = events(place, trace);
            detector.push(&calls);
            detector.push(&exit);
        }
        let mut verdicts = Vec::new();
        detector.score_observed(&mut verdicts, &mut |call| {
            let surprise = &mut scored[place_of(call.thread)].surprise;
            surprise.extend(call.surprise);
        })?;
        for verdict in verdicts {
            if let Verdict::ThreadEnd(end) = verdict {
                scored[place_of(end.thread)].mean = end.mean_surprise;
            }
        }
        if accuracy && self.manifest.distribution {
            for (trace, scored) in traces.iter().zip(&mut scored) {
                let explained = detector.model_mut().explain(trace, true, 1)?;
                let right = explained.iter().zip(*trace);
                let right =
                    right.filter(|(e, call)| e.expected.first().is_some_and(|l| l.0 == **call));
                scored.right = Some(right.count() as u64);
            }
        }
        Ok(scored)
    }
}

struct Job {
    places: Vec<usize>,
    scored: Result<Vec<Scored>>,
}

/// A trace as the events of a thread that begins and ends with it.
#[must_use]
pub fn events(place: usize, trace: &[u16]) -> [Event; 2] {
    let number = u32::try_from(place + 1).expect("a job holds few traces");
    let thread = ThreadKey {
        tgid: number,
        tid: number,
        start_ns: 0,
    };
    let call = |&index: &u16| Call {
        abi: Abi::I386,
        number: u32::from(index),
    };
    let calls = trace.iter().map(call).collect();
    let event = |kind| Event {
        service: ServiceId::NONE,
        thread,
        comm: Comm::default(),
        time_ns: 0,
        kind,
    };
    [
        event(EventKind::Calls(Stretch {
            first_seq: 0,
            last_ns: 0,
            calls,
        })),
        event(EventKind::Exit {
            count: trace.len() as u64,
        }),
    ]
}

fn place_of(thread: ThreadKey) -> usize {
    thread.tid as usize - 1
}

/// Checks that a model was fitted to the training part at hand, whose hash is `sha256`.
///
/// # Errors
///
/// Another corpus: the model may have seen what is to be scored.
pub fn ensure_fitted_to(manifest: &Manifest, sha256: &str) -> Result<()> {
    ensure!(
        manifest.corpus.sha256 == sha256,
        "model `{}` was fitted to another corpus (training traces with SHA-256 {}, here {sha256}); \
         it may have seen what is to be scored",
        manifest.name,
        manifest.corpus.sha256
    );
    Ok(())
}
