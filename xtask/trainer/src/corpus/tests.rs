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

/// A zip of the layout of ADFA-LD with so many traces beside those of a sound one.
fn zip_of(folder: &Path, traces: usize) -> std::path::PathBuf {
    let path = folder.join(format!("{traces}.zip"));
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).expect("writable"));
    let options = zip::write::SimpleFileOptions::default();
    let more = (0..traces).map(|it| format!("Training_Data_Master/more-{it}.txt"));
    let sound = [
        "Validation_Data_Master/c.txt",
        "Attack_Data_Master/Adduser_1/d.txt",
    ];
    for name in sound.into_iter().map(str::to_owned).chain(more) {
        zip.start_file(name, options).expect("a member");
        std::io::Write::write_all(&mut zip, b"6 6 63 340 6").expect("written");
    }
    zip.finish().expect("a zip");
    path
}

/// Four times as many files take four times as long, and would take sixteen times if each were
/// looked for among all: the bound lies between, and a busy machine has three attempts.
#[test]
fn a_zip_is_read_in_linear_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cost = |traces| {
        let zip = zip_of(folder.path(), traces);
        let once = |_| {
            let begun = std::time::Instant::now();
            let corpus = Corpus::read(&zip).expect("it is sound");
            assert_eq!(corpus.training.traces().len(), traces);
            begun.elapsed()
        };
        (0..3).map(once).min().expect("three")
    };
    let attempts = [(); 3].map(|()| [cost(1_000), cost(2_000), cost(4_000)]);
    assert!(
        attempts.iter().any(|[one, _, four]| *four < *one * 10),
        "{attempts:?}"
    );
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

    // From the data set's own README and the facts found in it: 833 traces, 308,077 calls, 53
    // repeats.
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
