//! `cargo xtask setup` from outside, with stand-ins for rustc, rustup, pip and npm on an otherwise
//! empty PATH.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// A machine of scripts: what is not put on it is not there.
struct Machine {
    folder: TempDir,
    /// One at a time: a script cannot be started while a child that another thread forks still
    /// holds it open for writing (ETXTBSY, execve(2)).
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

struct Outcome {
    good: bool,
    said: String,
}

impl Machine {
    /// With a compiler, its sources and a fitting bpf-linker, but neither pip nor npm.
    fn new() -> Self {
        let machine = Self {
            folder: tempfile::tempdir().expect("a folder"),
            _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let sysroot = machine.path("sysroot");
        machine.write("sysroot/lib/rustlib/src/rust/library/core/src/lib.rs", "");
        machine.write("sysroot/lib/libLLVM-22-rust-stable.so", "");
        machine.write("sysroot/lib/libLLVM.so.22.1-rust-stable", "");
        machine.program(
            "path/rustc",
            &format!(
                "case \"$1\" in -vV) echo 'LLVM version: 22.1.2';; *) echo '{}';; esac",
                sysroot.display()
            ),
        );
        machine.linker("libLLVM.so.22.1-rust-stable");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, content).expect("written");
    }

    fn program(&self, name: &str, script: &str) {
        self.write(name, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// A bpf-linker that says its version and carries the strings of an ELF file linked against
    /// this library.
    fn linker(&self, library: &str) {
        let lib = self.path("sysroot/lib");
        let script = format!(
            "echo 'bpf-linker 0.13.0'; exit 0\n\0{library}\0{}\0",
            lib.display()
        );
        self.program("tools/bin/bpf-linker", &script);
    }

    fn setup(&self) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("setup")
            .env_clear()
            .env("PATH", self.path("path"))
            .env("CARGO", self.path("path/cargo"))
            .env("MONITOR_TOOLS", self.path("tools"))
            .output()
            .expect("xtask starts");
        Outcome {
            good: output.status.success(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Nothing unfinished is left, and no library was taken for finished.
    fn is_clean(&self) -> bool {
        !self.path("tools/.unfinished").exists() && !self.path("tools/onnxruntime").exists()
    }
}

#[test]
fn without_pip_and_npm_the_remedy_is_named() {
    let machine = Machine::new();
    let outcome = machine.setup();
    assert!(!outcome.good);
    for part in [
        "there is no pip",
        "there is no npm",
        "install pip",
        "cargo xtask setup",
    ] {
        assert!(
            outcome.said.contains(part),
            "no {part:?} in: {}",
            outcome.said
        );
    }
    assert!(machine.is_clean());
}

#[test]
fn without_network_pips_own_words_and_the_remedy_are_shown() {
    let machine = Machine::new();
    machine.program(
        "path/python3",
        "case \"$*\" in *--version*) echo pip 23;; *) echo 'Temporary failure in name resolution' \
         >&2; exit 1;; esac",
    );
    let outcome = machine.setup();
    assert!(!outcome.good);
    for part in ["Temporary failure in name resolution", "check the network"] {
        assert!(
            outcome.said.contains(part),
            "no {part:?} in: {}",
            outcome.said
        );
    }
    assert!(machine.is_clean());
}

#[test]
fn a_package_that_is_not_the_pinned_one_is_refused() {
    let machine = Machine::new();
    let wheel = machine.path("other.whl");
    let mut zip = zip::ZipWriter::new(fs::File::create(&wheel).expect("a file"));
    let name = "onnxruntime/capi/libonnxruntime.so.1.32.0";
    zip.start_file(name, zip::write::SimpleFileOptions::default())
        .expect("a member");
    std::io::Write::write_all(&mut zip, b"not the library").expect("written");
    zip.finish().expect("a wheel");
    // The folder to download to is what follows --dest.
    machine.program(
        "path/pip3",
        &format!(
            "[ \"$1\" = --version ] && exit 0\nwhile [ \"$1\" != --dest ]; do shift; done\n/bin/cp \
             '{}' \"$2/some.whl\"",
            wheel.display()
        ),
    );
    let outcome = machine.setup();
    assert!(!outcome.good);
    assert!(outcome.said.contains("SHA-256"), "{}", outcome.said);
    assert!(machine.is_clean());
}

#[test]
fn without_rustup_missing_sources_name_where_rust_comes_from() {
    let machine = Machine::new();
    fs::remove_dir_all(machine.path("sysroot/lib/rustlib")).expect("removed");
    let outcome = machine.setup();
    assert!(!outcome.good);
    assert!(outcome.said.contains("rustup.rs"), "{}", outcome.said);
}

#[test]
fn missing_sources_are_added_by_rustup_once() {
    let machine = Machine::new();
    let core = machine.path("sysroot/lib/rustlib/src/rust/library/core/src");
    fs::remove_dir_all(&core).expect("removed");
    machine.program(
        "path/rustup",
        &format!(
            "[ \"$1\" = --version ] && exit 0\necho \"$@\" >> '{}'\n/bin/mkdir -p '{core}' && : > \
             '{core}/lib.rs'",
            machine.path("rustup.log").display(),
            core = core.display()
        ),
    );
    machine.setup();
    machine.setup();
    let log = fs::read_to_string(machine.path("rustup.log")).expect("rustup was called");
    assert_eq!(log, "component add rust-src --toolchain sysroot\n");
}

#[test]
fn a_linker_for_another_llvm_is_rebuilt_and_kept_until_then() {
    let machine = Machine::new();
    machine.linker("libLLVM.so.21.1-rust-stable");
    machine.program(
        "path/cargo",
        "echo \"$@\"; echo 'could not resolve host' >&2; exit 101",
    );
    let before = fs::read(machine.path("tools/bin/bpf-linker")).expect("read");
    let outcome = machine.setup();
    assert!(!outcome.good);
    for part in [
        "will be replaced",
        "could not resolve host",
        "llvm-22,no-llvm-linking",
    ] {
        assert!(
            outcome.said.contains(part),
            "no {part:?} in: {}",
            outcome.said
        );
    }
    assert_eq!(
        fs::read(machine.path("tools/bin/bpf-linker")).expect("read"),
        before
    );
    assert!(machine.is_clean());
}

#[test]
fn what_a_killed_setup_left_unfinished_goes_away() {
    let machine = Machine::new();
    machine.write("tools/.unfinished/onnxruntime/library", "half of it");
    machine.setup();
    assert!(machine.is_clean());
}

#[test]
fn a_rustc_without_its_own_llvm_is_named() {
    let machine = Machine::new();
    fs::remove_file(machine.path("sysroot/lib/libLLVM-22-rust-stable.so")).expect("removed");
    let outcome = machine.setup();
    assert!(!outcome.good);
    assert!(
        outcome.said.contains("ships no LLVM of its own"),
        "{}",
        outcome.said
    );
}

mod needs_onnxruntime {
    use super::*;

    fn with_library(machine: &Machine) -> PathBuf {
        let library = std::env::var_os("ORT_DYLIB_PATH").expect("ORT_DYLIB_PATH names the library");
        let library = Path::new(&library);
        let place = machine
            .path("tools/onnxruntime")
            .join(library.file_name().expect("a name"));
        fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
        fs::copy(library, &place).expect("copied");
        place
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_second_setup_does_nothing() {
        let machine = Machine::new();
        with_library(&machine);
        let outcome = machine.setup();
        assert!(outcome.good, "{}", outcome.said);
        assert!(!outcome.said.contains("fetching"), "{}", outcome.said);
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_damaged_library_is_not_taken_for_done() {
        let machine = Machine::new();
        let place = with_library(&machine);
        let mut library = fs::read(&place).expect("read");
        let middle = library.len() / 2;
        library[middle] ^= 1;
        fs::write(&place, library).expect("written");
        let outcome = machine.setup();
        assert!(!outcome.good);
        assert!(
            outcome.said.contains("will be replaced"),
            "{}",
            outcome.said
        );
    }
}
