//! Where a monitor finds its library that nobody told it of.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::MODEL;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The library that these tests run with.
fn library() -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/onnxruntime");
    let named = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    let place = named.map_or(checkout, PathBuf::from);
    if place.is_file() {
        return place;
    }
    let files = fs::read_dir(&place)
        .expect("the set-up brings it")
        .flatten();
    let mut files = files.map(|file| file.path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("libonnxruntime.so"))
    };
    files.find(is_library).expect("the set-up brings it")
}

/// The library that a monitor has loaded which knows nothing but where it is itself.
fn loaded(program: &Path) -> PathBuf {
    let mut child = Command::new(program)
        .args(["score", "--model", MODEL, "-"])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    // What it is to score never ends, and it does not end before.
    let mut input = child.stdin.take().expect("piped");
    let feeding = std::thread::spawn(move || while input.write_all(b"5 3 197 6\n").is_ok() {});
    let maps = format!("/proc/{}/maps", child.id());
    let until = Instant::now() + PATIENCE;
    let found = loop {
        let maps = fs::read_to_string(&maps).unwrap_or_default();
        let mut files = maps.split_whitespace();
        if let Some(found) = files.find(|word| word.contains("/libonnxruntime.so")) {
            break Some(PathBuf::from(found));
        }
        if Instant::now() > until || child.try_wait().expect("a child").is_some() {
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    // It may have ended already.
    let _ = child.kill();
    child.wait().expect("a child");
    feeding.join().expect("no panic");
    found.expect("it loads a library")
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_program_finds_the_library_beside_it_as_installed_and_in_its_checkout() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().canonicalize().expect("a folder");
    let unused = (folder.join("monitor"), folder.join("library"));
    fs::copy(env!("CARGO_BIN_EXE_monitor"), &unused.0).expect("copied");
    fs::copy(library(), &unused.1).expect("copied");
    for (program, library) in [
        ("beside/monitor", "beside/libonnxruntime.so"),
        ("usr/bin/monitor", "usr/lib/monitor/libonnxruntime.so.1.2.3"),
        (
            "src/target/release/monitor",
            "src/.tools/onnxruntime/libonnxruntime.so.1.2.3",
        ),
        (
            "src/target/some-triple/debug/monitor",
            "src/.tools/onnxruntime/libonnxruntime.so",
        ),
    ] {
        let (program, library) = (folder.join(program), folder.join(library));
        for file in [&program, &library] {
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        }
        fs::rename(&unused.0, &program).expect("moved");
        fs::rename(&unused.1, &library).expect("moved");
        assert_eq!(loaded(&program), library);
        fs::rename(&program, &unused.0).expect("moved");
        fs::rename(&library, &unused.1).expect("moved");
    }
}
