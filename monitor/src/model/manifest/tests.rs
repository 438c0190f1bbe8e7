use super::Manifest;

/// A manifest as the exporter writes one, for tests that need no graph.
pub(crate) fn stateful() -> Manifest {
    serde_json::from_value(serde_json::json!({
        "format": 1, "name": "test", "kind": "stateful",
        "vocabulary": {"name": "adfa-ld-i386", "size": 341, "start": 341},
        "context": null,
        "state": [
            {"name": "h", "output": "h_out", "shape": [1, null, 8]},
            {"name": "c", "output": "c_out", "shape": [1, null, 8]}
        ],
        "distribution": true, "opset": 17, "surprise_unit": "nats", "precision": "fp32",
        "corpus": {"name": "none", "sha256": "", "traces": 0, "calls": 0},
        "seed": 0, "git_revision": "none", "parameters": 0, "held_out_nats": 0.0,
        "threshold": {"slow": 2.0, "fast": 4.0, "slow_calls": 100, "fast_calls": 10,
            "quantile": 0.999, "source": "none"},
        "model_sha256": "0".repeat(64)
    }))
    .expect("the fields are those of the type")
}

#[test]
fn a_whole_manifest_passes_and_survives_a_round_trip() {
    let manifest = stateful();
    assert_eq!(manifest.check(), Ok(()));
    let text = serde_json::to_string(&manifest).expect("it is plain data");
    assert_eq!(
        serde_json::from_str::<Manifest>(&text).expect("it was just written"),
        manifest
    );
}

#[test]
fn every_field_that_would_break_scoring_is_named() {
    type Spoil = fn(&mut Manifest);
    let cases: [(&str, Spoil); 13] = [
        ("format", |m| m.format = 2),
        ("name", |m| m.name = "\u{1b}[2J".into()),
        ("vocabulary", |m| m.vocabulary.size = 340),
        ("vocabulary", |m| m.vocabulary.name = "other".into()),
        ("vocabulary.start", |m| m.vocabulary.start = Some(7)),
        ("context", |m| m.context = Some(19)),
        ("state.shape", |m| m.state[0].shape = vec![Some(1), None]),
        ("state", |m| m.state[0].shape[2] = Some(usize::MAX)),
        ("state", |m| m.state.clear()),
        ("threshold.slow", |m| m.threshold.slow = 0.0),
        ("threshold.fast", |m| m.threshold.fast = f64::INFINITY),
        ("threshold.slow_calls", |m| m.threshold.slow_calls = 0),
        ("model_sha256", |m| m.model_sha256.clear()),
    ];
    for (field, spoil) in cases {
        let mut manifest = stateful();
        spoil(&mut manifest);
        let error = manifest.check().expect_err(field);
        assert_eq!(error.field, field);
    }
}
