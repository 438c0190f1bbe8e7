//! bpf-linker, built against the LLVM that rustc itself ships: only that one is sure to read
//! rustc's bitcode.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::pinned;
use super::rustc::{Llvm, Rustc};
use super::workshop::Workshop;
use crate::step::Step;
use crate::tool;

const NAME: &str = "bpf-linker";
const VERSION: &str = "0.13.0";

/// Builds it into `bin/` of the tool folder, unless the right one is there.
pub fn bring(rustc: &Rustc, workshop: &Workshop) -> Result<()> {
    let place = workshop.place("bin/bpf-linker");
    let llvm = rustc.llvm().context(NAME)?;
    if place.exists() {
        match check(&place, &llvm) {
            Ok(()) => {
                Step::skip(
                    NAME,
                    &format!("{VERSION} for LLVM {} is there", rustc.llvm_major),
                );
                return Ok(());
            }
            Err(why) => eprintln!("  {NAME}: the one that is here will be replaced: {why}"),
        }
    }
    let step = Step::begin(
        NAME,
        &format!(
            "building {VERSION} against rustc's LLVM {}, about a minute",
            rustc.llvm_major
        ),
        "it links the probe for the kernel, and must read what rustc's LLVM writes",
    );
    let folder = workshop.unfinished(NAME).context(NAME)?;
    tool::run(&step, &mut install(rustc, &llvm, &folder)).with_context(|| {
        format!(
            "{NAME}: it does not build; without network, run `cargo xtask setup` again once \
                 crates can be fetched"
        )
    })?;
    let built = folder.join("root/bin/bpf-linker");
    check(&built, &llvm).context("bpf-linker was built, but does not run")?;
    workshop.finish(&built, &place).context(NAME)?;
    step.done(&format!("built {VERSION}"));
    Ok(())
}

fn install(rustc: &Rustc, llvm: &Llvm, folder: &Path) -> Command {
    let mut search = OsString::from("native=");
    search.push(&llvm.folder);
    let mut rpath = OsString::from("link-arg=-Wl,-rpath,");
    rpath.push(&llvm.folder);
    let library = format!("dylib={}", llvm.link_name);
    // Encoded, since a path may hold a space.
    let flags = [
        OsString::from("-L"),
        search,
        "-l".into(),
        library.into(),
        "-C".into(),
        rpath,
    ]
    .join(OsStr::new("\x1f"));
    let mut command = pinned::install(NAME, VERSION, folder);
    command
        .arg("--no-default-features")
        .arg(format!(
            "--features=llvm-{},no-llvm-linking",
            rustc.llvm_major
        ))
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    command
}

/// Whether the program at `path` is the pinned version, runs, and asks for this very LLVM.
fn check(path: &Path, llvm: &Llvm) -> Result<()> {
    let said = tool::output(Command::new(path).arg("--version")).context("it does not run")?;
    if said != format!("{NAME} {VERSION}") {
        bail!("it is {said:?}, wanted {VERSION}");
    }
    let program = fs::read(path)?;
    for (what, wanted) in [
        ("library", llvm.soname.as_bytes()),
        (
            "folder of its library",
            llvm.folder.as_os_str().as_encoded_bytes(),
        ),
    ] {
        if !contains(&program, wanted) {
            bail!(
                "the {what} is not that of this rustc ({})",
                String::from_utf8_lossy(wanted)
            );
        }
    }
    Ok(())
}

/// Whether a whole, zero-terminated string of an ELF string table is in the file.
fn contains(file: &[u8], text: &[u8]) -> bool {
    let wanted: Vec<u8> = text.iter().copied().chain([0]).collect();
    file.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn finds_whole_strings_only() {
        let table = b"\0libLLVM.so.22.1-rust\0/opt/rust/lib\0";
        assert!(contains(table, b"libLLVM.so.22.1-rust"));
        assert!(contains(table, b"/opt/rust/lib"));
        assert!(!contains(table, b"libLLVM.so.22"));
        assert!(!contains(table, b"libLLVM.so.23.1-rust"));
    }
}
