//! The embedded model, and models that are not what they say.

mod window_graph;

mod needs_onnxruntime {
    use super::window_graph::{self, CONTEXT, by_hand};
    use crate::model::manifest::{Kind, Manifest};
    use crate::model::runtime::Runtime;
    use crate::model::{EMBEDDED_MANIFEST, GRAPH, Model, ModelError};

    fn runtime() -> Runtime {
        Runtime::load(None).expect("ORT_DYLIB_PATH and ORT_DISABLE_TELEMETRY=1")
    }

    fn refused(spoil: impl FnOnce(&mut Manifest)) -> String {
        let mut manifest = serde_json::from_slice(EMBEDDED_MANIFEST).expect("a manifest");
        spoil(&mut manifest);
        match Model::from_parts(&runtime(), manifest, GRAPH) {
            Ok(_) => panic!("a model that is not what it says was taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn the_probabilities_of_what_could_follow_sum_to_one_and_agree_with_the_surprise() {
        let mut model = Model::embedded(&runtime()).expect("the default model");
        let calls = [5, 197, 3, 3, 6, 11, 45, 102, 340, 0, 1];
        let explained = model.explain(&calls, true, 341).expect("it scores");
        assert_eq!(explained.len(), calls.len());
        for (call, explained) in calls.iter().zip(&explained) {
            let sum: f64 = explained.expected.iter().map(|&(_, p)| f64::from(p)).sum();
            assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            let own = explained.expected.iter().find(|(index, _)| index == call);
            let (_, probability) = own.expect("all 341 were asked for");
            let surprise = explained.surprise.expect("the model has a start token");
            assert!((-probability.ln() - surprise).abs() < 1e-3 * surprise.max(1.0));
        }
        assert!(model.explain(&[], true, 3).expect("it scores").is_empty());
        let context = model.explain(&calls, false, 3).expect("it scores");
        assert_eq!(context[0].surprise, None);
        assert_eq!(context.iter().filter(|e| e.surprise.is_some()).count(), 10);
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_mismatch_names_both_sides() {
        let error = refused(|manifest| manifest.parameters = 7);
        assert!(error.contains("`monitor.parameters`"), "{error}");
        assert!(error.contains("`7`") && error.contains("164693"), "{error}");
        let error = refused(|manifest| manifest.state[0].shape[2] = Some(64));
        assert!(error.contains("input `h`"), "{error}");
        assert!(
            error.contains("Some(64)") && error.contains("Some(128)"),
            "{error}"
        );
        let error = refused(|manifest| manifest.state[1].output = "nothing".into());
        assert!(error.contains("output `nothing`"), "{error}");
        let error = refused(|manifest| {
            manifest.state.pop();
        });
        assert!(error.contains("input `c`"), "{error}");
        let error = refused(|manifest| manifest.model_sha256 = "0".repeat(64));
        assert!(error.contains(&"0".repeat(64)), "{error}");
        let error = refused(|manifest| {
            manifest.kind = Kind::Window;
            manifest.context = Some(19);
            manifest.state.clear();
        });
        assert!(error.contains("`monitor.kind`"), "{error}");
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_cut_graph_is_an_error_even_when_its_hash_is_right() {
        use sha2::{Digest, Sha256};
        for length in [0, 1, 100, GRAPH.len() / 2, GRAPH.len() - 1] {
            let mut manifest: Manifest =
                serde_json::from_slice(EMBEDDED_MANIFEST).expect("a manifest");
            let graph = &GRAPH[..length];
            manifest.model_sha256 = hex::encode(Sha256::digest(graph));
            assert!(
                Model::from_parts(&runtime(), manifest, graph).is_err(),
                "{length} bytes"
            );
        }
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_folder_without_a_model_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Model::load(&runtime(), folder.path())
            .err()
            .expect("it is empty");
        assert!(matches!(&error, ModelError::Io { path, .. } if path.ends_with("manifest.json")));
        std::fs::write(folder.path().join("manifest.json"), "{\"format\":").expect("a file");
        std::fs::write(folder.path().join("model.onnx"), GRAPH).expect("a file");
        let error = Model::load(&runtime(), folder.path())
            .err()
            .expect("it is cut");
        assert!(matches!(error, ModelError::Json(_)));
        std::fs::write(folder.path().join("manifest.json"), EMBEDDED_MANIFEST).expect("a file");
        assert!(Model::load(&runtime(), folder.path()).is_ok());
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_twin_says_the_same_and_waits_for_nobody_who_uses_the_other() {
        for model in [
            Model::embedded(&runtime()).expect("a model"),
            window_model(),
        ] {
            let mut twin = model.twin().expect("the same model");
            let calls: Vec<u16> = (0..60).map(|it| [5, 3, 197, 6][it % 4]).collect();
            // As if its user were kept from the CPU in the middle.
            let held = model.network();
            let said = twin.explain(&calls, true, 2).expect("scored");
            drop(held);
            let mut model = model;
            assert_eq!(said, model.explain(&calls, true, 2).expect("scored"));
        }
    }

    fn window_model() -> Model {
        let (manifest, graph) = window_graph::model();
        Model::from_parts(&runtime(), manifest, &graph).expect("a window model")
    }

    fn calls(count: u16) -> Vec<u16> {
        (0..count).map(|n| n * 37 % 341).collect()
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_window_model_sees_its_context_and_predicts_the_next() {
        let calls = calls(150);
        let explained = window_model()
            .explain(&calls, true, 341)
            .expect("it scores");
        assert_eq!(explained.len(), calls.len());
        assert!(explained[..CONTEXT].iter().all(|e| e.surprise.is_none()));
        for (window, explained) in calls.windows(CONTEXT + 1).zip(&explained[CONTEXT..]) {
            let expected = by_hand(&window[..CONTEXT], window[CONTEXT]);
            let surprise = explained.surprise.expect("it has its context");
            assert!(
                (f64::from(surprise) - expected).abs() < 1e-4,
                "{surprise} {expected}"
            );
            let sum: f32 = explained.expected.iter().map(|&(_, p)| p).sum();
            assert!((sum - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_window_models_scores_do_not_depend_on_the_batch() {
        let mut model = window_model();
        let calls = calls(150);
        let explained = model.explain(&calls, true, 1).expect("it scores");
        // Seven threads, each some calls further than the one before, cut here and there.
        let mut lanes: Vec<_> = (0..7).map(|_| model.lane()).collect();
        let active: Vec<u32> = (0..7).collect();
        for lane in &mut lanes {
            lane.restart(true);
        }
        for (round, piece) in calls.chunks(23).enumerate() {
            for lane in lanes.iter_mut().skip(round) {
                piece.iter().for_each(|&call| lane.push(call));
            }
            model.score(&mut lanes, &active).expect("it scores");
        }
        for (place, lane) in lanes.iter_mut().enumerate() {
            for explained in &explained[..calls.len().min(23 * (place + 1))] {
                assert_eq!(
                    lane.take().map(f32::to_bits),
                    explained.surprise.map(f32::to_bits)
                );
            }
        }
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_window_never_reaches_across_a_restart() {
        let mut model = window_model();
        let calls = calls(60);
        let mut lanes = [model.lane()];
        for from_start in [true, false] {
            lanes[0].restart(from_start);
            calls.iter().for_each(|&call| lanes[0].push(call));
        }
        model.score(&mut lanes, &[0]).expect("it scores");
        let all: Vec<_> = (0..120).map(|_| lanes[0].take()).collect();
        assert_eq!(all[..60], all[60..]);
        assert_eq!(
            all.iter().filter(|nats| nats.is_none()).count(),
            2 * CONTEXT
        );
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_window_of_another_length_than_the_manifests_is_refused() {
        let (mut manifest, graph) = window_graph::model();
        manifest.context = Some(20);
        let error = Model::from_parts(&runtime(), manifest, &graph)
            .err()
            .expect("refused");
        assert!(error.to_string().contains("`monitor.context`"), "{error}");
    }
}
