//! Outputs of onnxruntime against those of the trainer.

mod needs_python;

use monitor::model::manifest::Precision;
use monitor::model::runtime::Runtime;
use ort::session::Session;
use ort::value::Tensor;

use super::{exported, graph};
use crate::corpus::Corpus;
use crate::export::forward::surprises;
use crate::export::import;
use crate::train::preset::{Architecture, Preset};
use crate::vocabulary::{SIZE, START};

/// Runs a graph of one network.
struct Runner {
    session: Session,
    units: usize,
}

impl Runner {
    fn new(model: &[u8], units: usize) -> Self {
        let runtime = Runtime::load(None)
            .expect("ORT_DYLIB_PATH and ORT_DISABLE_TELEMETRY are set, as cargo xtask test does");
        let session = Session::builder(runtime.environment())
            .expect("a builder")
            .commit_from_memory(model)
            .expect("it takes the graph");
        Self { session, units }
    }

    /// `calls` is `[time1][batch]`; gives the surprises `[time][batch]` and the state after.
    fn run(
        &mut self,
        calls: &[Vec<u16>],
        h: Vec<f32>,
        c: Vec<f32>,
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let batch = calls[0].len();
        let flat: Vec<i64> = calls
            .iter()
            .flatten()
            .map(|&call| i64::from(call))
            .collect();
        let state = [1, batch, self.units];
        let outputs = self
            .session
            .run(ort::inputs![
                "calls" => Tensor::from_array(([calls.len(), batch], flat)).expect("a tensor"),
                "h" => Tensor::from_array((state, h)).expect("a tensor"),
                "c" => Tensor::from_array((state, c)).expect("a tensor"),
            ])
            .expect("it runs");
        let take = |name: &str| {
            outputs[name]
                .try_extract_tensor::<f32>()
                .expect("floats")
                .1
                .to_vec()
        };
        let logs = take("log_probabilities");
        let surprise = take("surprise");
        for (row, (surprise, next)) in surprise.iter().zip(calls[1..].iter().flatten()).enumerate()
        {
            let log = logs[row * SIZE + usize::from(*next)];
            assert!(
                (surprise + log).abs() < 1e-5,
                "the distribution says {log}, the surprise is {surprise}"
            );
            let sum: f32 = logs[row * SIZE..(row + 1) * SIZE]
                .iter()
                .map(|log| log.exp())
                .sum();
            assert!((sum - 1.0).abs() < 1e-4, "probabilities sum to {sum}");
        }
        (surprise, take("h_out"), take("c_out"))
    }
}

/// Real traces where ADFA-LD is, otherwise made-up ones.
fn traces() -> Vec<Vec<u16>> {
    let path = support::place::adfa_ld();
    if !path.is_dir() {
        return (0..9)
            .map(|n| (0..200 + n).map(|t: u16| (t * (n + 3)) % 341).collect())
            .collect();
    }
    let corpus = Corpus::read(&path).expect("it is sound");
    let traces = corpus.training.traces().iter().step_by(90);
    traces
        .map(|trace| trace.calls[..trace.calls.len().min(300)].to_vec())
        .collect()
}

fn close(ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len());
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let limit = 1e-5 * a.abs().max(1.0);
        assert!(
            (a - b).abs() <= limit,
            "call {index}: {a} here, {b} in onnxruntime"
        );
    }
}

fn check_stateful(model: &[u8], architecture: &Architecture, parameters: &[f32]) {
    let network = architecture.network();
    let Architecture::Lm { units, .. } = *architecture else {
        panic!("not a stateful model")
    };
    let mut runner = Runner::new(model, units);
    let traces = traces();
    let ours: Vec<Vec<f32>> = traces
        .iter()
        .map(|calls| surprises(architecture, &network, parameters, calls))
        .collect();
    for (calls, ours) in traces.iter().zip(&ours) {
        let input: Vec<Vec<u16>> = std::iter::once(&START)
            .chain(calls)
            .map(|&call| vec![call])
            .collect();
        close(
            ours,
            &runner.run(&input, vec![0.0; units], vec![0.0; units]).0,
        );
    }
    let mut state = (vec![0.0; units], vec![0.0; units]);
    let mut stepped = Vec::new();
    let mut before = START;
    for &call in &traces[0] {
        let (surprise, h, c) = runner.run(&[vec![before], vec![call]], state.0, state.1);
        stepped.extend(surprise);
        state = (h, c);
        before = call;
    }
    close(&ours[0], &stepped);
    let shortest = traces.iter().map(Vec::len).min().expect("there are traces");
    let mut input = vec![vec![START; traces.len()]];
    input.extend((0..shortest).map(|t| traces.iter().map(|calls| calls[t]).collect::<Vec<u16>>()));
    let zeros = vec![0.0; units * traces.len()];
    let (batched, _, _) = runner.run(&input, zeros.clone(), zeros);
    for (lane, ours) in ours.iter().enumerate() {
        let theirs: Vec<f32> = batched
            .iter()
            .skip(lane)
            .step_by(traces.len())
            .copied()
            .collect();
        close(&ours[..shortest], &theirs);
    }
}

#[test]
#[ignore = "needs onnxruntime"]
fn the_language_model_agrees_whole_stepwise_and_batched() {
    let architecture = Architecture::of(Preset::Lm);
    let (parameters, model) = exported(&architecture);
    check_stateful(&model, &architecture, &parameters);
}

#[test]
#[ignore = "needs onnxruntime"]
fn the_committed_default_model_agrees_with_the_trainer() {
    let model = default_model();
    let (architecture, parameters) = import::parameters(&model).expect("this exporter made it");
    check_stateful(&model, &architecture, &parameters);
}

fn check_window(model: &[u8], architecture: &Architecture, parameters: &[f32]) {
    let network = architecture.network();
    let mut runner = Runner::new(model, 0);
    for calls in traces().into_iter().take(4) {
        let ours = surprises(architecture, &network, parameters, &calls);
        let windows = calls
            .windows(20)
            .map(|window| window[..19].iter().map(|&call| i64::from(call)));
        let flat: Vec<i64> = windows.flatten().collect();
        let input = Tensor::from_array(([ours.len(), 19], flat)).expect("a tensor");
        let outputs = runner
            .session
            .run(ort::inputs!["window" => input])
            .expect("it runs");
        let logs = outputs["log_probabilities"]
            .try_extract_tensor::<f32>()
            .expect("floats")
            .1;
        let theirs: Vec<f32> = calls[19..]
            .iter()
            .enumerate()
            .map(|(row, &call)| -logs[row * SIZE + usize::from(call)])
            .collect();
        close(&ours, &theirs);
    }
}

#[test]
#[ignore = "needs onnxruntime"]
fn the_notebook_agrees_in_a_batch() {
    let architecture = Architecture::of(Preset::Notebook);
    let (parameters, model) = exported(&architecture);
    check_window(&model, &architecture, &parameters);
}

#[test]
#[ignore = "needs onnxruntime"]
fn the_committed_notebook_agrees_with_the_trainer() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/notebook/model.onnx"
    );
    let model = std::fs::read(file).expect("it is committed");
    let (architecture, parameters) = import::parameters(&model).expect("this exporter made it");
    check_window(&model, &architecture, &parameters);
}

/// The mean over `[time][batch 1]`.
fn mean_surprise(model: &[u8], units: usize, traces: &[Vec<u16>]) -> f64 {
    let mut runner = Runner::new(model, units);
    let (mut sum, mut calls) = (0.0, 0);
    for trace in traces {
        let input: Vec<Vec<u16>> = std::iter::once(&START)
            .chain(trace)
            .map(|&call| vec![call])
            .collect();
        let (surprise, _, _) = runner.run(&input, vec![0.0; units], vec![0.0; units]);
        sum += surprise.iter().map(|&nats| f64::from(nats)).sum::<f64>();
        calls += surprise.len();
    }
    sum / calls as f64
}

#[test]
#[ignore = "needs onnxruntime"]
fn eight_bit_weights_cost_little_and_save_most_of_the_size() {
    let model = default_model();
    let (architecture, parameters) = import::parameters(&model).expect("this exporter made it");
    let Architecture::Lm { units, .. } = architecture else {
        panic!("the default model is stateful")
    };
    let small = graph(&architecture, &parameters, Precision::Int8);
    assert!(
        small.len() * 2 < model.len(),
        "{} bytes of {}",
        small.len(),
        model.len()
    );
    assert!(
        import::parameters(&small).is_err(),
        "rounded weights are not taken to train on"
    );
    let traces = traces();
    let (full, rounded) = (
        mean_surprise(&model, units, &traces),
        mean_surprise(&small, units, &traces),
    );
    assert!(
        (full - rounded).abs() < 0.02 * full.max(0.5),
        "{full} nats became {rounded}"
    );
    assert_ne!(full, rounded, "the weights are rounded");
}

fn default_model() -> Vec<u8> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/default/model.onnx"
    );
    std::fs::read(file).expect("it is committed")
}
