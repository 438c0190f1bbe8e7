//! Corpora on disk: sound, damaged, hostile.

use std::fs;
use std::path::Path;

use super::Corpus;
use super::statistics::Statistics;

fn corpus_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sound: [(&str, &[u8]); 4] = [
        ("Training_Data_Master/a.txt", b"6 6 63"),
        ("Training_Data_Master/b.txt", b"6 6 63\n"),
        ("Validation_Data_Master/c.txt", b"6 7"),
        ("Attack_Data_Master/Adduser_1/d.txt", b"6 340"),
    ];
    for (name, bytes) in sound.iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, bytes).expect("writable");
    }
    folder
}

#[test]
fn a_sound_corpus_is_counted() {
    let folder = corpus_with(&[
        ("Training_Data_Master/.DS_Store", b"x"),
        ("Training_Data_Master/e.txt", b" \n"),
    ]);
    let corpus = Corpus::read(folder.path()).expect("it is sound");
    assert_eq!(corpus.training.traces().len(), 2);
    assert_eq!(
        corpus.skipped.values().sum::<u64>(),
        2,
        "{:?}",
        corpus.skipped
    );
    let statistics = Statistics::of(&corpus);
    let (_, training) = &statistics.parts[0];
    assert_eq!(
        (training.calls, training.distinct_calls, training.repeats),
        (6, 2, 1)
    );
    let (_, attack) = &statistics.parts[2];
    assert_eq!((attack.largest_number, attack.traces_with_such), (340, 1));
}

#[test]
fn damage_names_the_file_and_the_remedy() {
    for (bytes, problem) in [
        (&b"6 x 7"[..], "no number"),
        (b"6 341", "over 340"),
        (b"6 -1", "no number"),
        (&[6, 0, 255], "no number"),
    ] {
        let folder = corpus_with(&[("Training_Data_Master/bad.txt", bytes)]);
        let error = Corpus::read(folder.path())
            .expect_err("it is damaged")
            .to_string();
        assert!(
            error.contains("bad.txt") && error.contains(problem),
            "{error}"
        );
    }
}

#[test]
fn a_missing_part_is_named() {
    let folder = corpus_with(&[]);
    fs::remove_dir_all(folder.path().join("Attack_Data_Master")).expect("it is there");
    let error = Corpus::read(folder.path())
        .expect_err("a part is missing")
        .to_string();
    assert!(
        error.contains("Attack_Data_Master") && error.contains("three parts"),
        "{error}"
    );
    let empty = tempfile::tempdir().expect("a temporary folder");
    let error = Corpus::read(empty.path())
        .expect_err("it is empty")
        .to_string();
    assert!(error.contains("Training_Data_Master"), "{error}");
    assert!(Corpus::read(Path::new("/nonexistent")).is_err());
}

mod needs_adfa_ld {
    use super::super::Corpus;
    use super::super::statistics::Statistics;

    // From the data set's own README and the facts found in it: 833 traces, 308,077 calls, 53 repeats.
    #[test]
    #[ignore = "needs ADFA-LD"]
    fn the_training_part_has_its_known_size() {
        let path = support::place::adfa_ld();
        let statistics = Statistics::of(&Corpus::read(&path).expect("it is sound"));
        let (_, training) = &statistics.parts[0];
        assert_eq!(
            (training.traces, training.calls, training.repeats),
            (833, 308_077, 53)
        );
        assert_eq!(training.largest_number, 340);
    }
}
