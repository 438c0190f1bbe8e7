//! The same through Python's onnxruntime, where it is installed (`PYTHON` names the interpreter).

use std::io::Write;
use std::process::{Command, Stdio};

use super::{close, default_model, traces};
use crate::export::forward::surprises;
use crate::export::import;
use crate::train::preset::Architecture;
use crate::vocabulary::START;

const SCRIPT: &str = r#"
import sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
units = int(sys.argv[2])
calls = numpy.array(sys.stdin.read().split(), dtype=numpy.int64).reshape(-1, 1)
state = numpy.zeros((1, 1, units), dtype=numpy.float32)
surprise = session.run(["surprise"], {"calls": calls, "h": state, "c": state})[0]
print(*(repr(float(nats)) for nats in surprise.ravel()))
"#;

#[test]
#[ignore = "needs onnxruntime and Python"]
fn python_agrees_with_the_trainer() {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let model = default_model();
    let (architecture, parameters) = import::parameters(&model).expect("this exporter made it");
    let Architecture::Lm { units, .. } = architecture else {
        panic!("the default model is stateful")
    };
    let network = architecture.network();
    for calls in traces().iter().take(3) {
        let mut child = Command::new(&python)
            .args(["-c", SCRIPT])
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../models/default/model.onnx"
            ))
            .arg(units.to_string())
            .env("ORT_DISABLE_TELEMETRY", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it just started");
        let text: Vec<String> = std::iter::once(&START)
            .chain(calls)
            .map(ToString::to_string)
            .collect();
        let mut input = child.stdin.take().expect("piped");
        input
            .write_all(text.join(" ").as_bytes())
            .expect("it reads");
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        let printed = String::from_utf8(output.stdout).expect("numbers");
        let theirs: Vec<f32> = printed
            .split_whitespace()
            .map(|word| word.parse().expect("a number"))
            .collect();
        close(
            &surprises(&architecture, &network, &parameters, calls),
            &theirs,
        );
    }
}
