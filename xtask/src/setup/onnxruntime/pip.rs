//! The library out of the Python wheel, which pip downloads without installing it.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use zip::ZipArchive;

use super::package;
use super::pins::Build;
use crate::step::Step;
use crate::tool;

/// How pip is called, depending on how it was installed.
const CALLS: [&[&str]; 4] = [
    &["python3", "-m", "pip"],
    &["python", "-m", "pip"],
    &["pip3"],
    &["pip"],
];
/// Only names the wheel to take: the library in it is the same for every Python.
const PYTHON: &str = "3.12";

/// Downloads the wheel into `folder` and writes its library to `to`.
pub fn fetch(build: &Build, folder: &Path, step: &Step, to: &Path) -> Result<()> {
    let Some(mut pip) = CALLS.into_iter().find_map(installed) else {
        bail!("there is no pip");
    };
    pip.args([
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
    ])
    .args([
        "--platform",
        build.machine,
        "--python-version",
        PYTHON,
        "--dest",
    ])
    .arg(folder)
    .arg(format!("onnxruntime=={}", build.version));
    tool::run(step, &mut pip).context("pip could not download it")?;
    let wheel = package::only_file(folder, ".whl")?;
    library(&wheel, build.version, to).context("the wheel cannot be used")
}

fn installed(call: &[&str]) -> Option<Command> {
    let (program, arguments) = call.split_first()?;
    tool::output(Command::new(program).args(arguments).arg("--version"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    Some(command)
}

fn library(wheel: &Path, version: &str, to: &Path) -> Result<()> {
    let mut wheel = ZipArchive::new(File::open(wheel)?)?;
    let name = format!("onnxruntime/capi/libonnxruntime.so.{version}");
    let member = wheel
        .by_name(&name)
        .with_context(|| format!("no {name} in it"))?;
    package::unpack(member, to)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn takes_the_library_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let wheel = folder.path().join("some.whl");
        let mut zip = zip::ZipWriter::new(File::create(&wheel).expect("a file"));
        for (name, content) in [
            ("../outside", "climbs out"),
            ("onnxruntime/capi/libonnxruntime.so.1.2.3", "the library"),
        ] {
            zip.start_file(name, zip::write::SimpleFileOptions::default())
                .expect("a member");
            zip.write_all(content.as_bytes()).expect("written");
        }
        zip.finish().expect("a zip");

        let to = folder.path().join("library");
        library(&wheel, "1.2.3", &to).expect("unpacked");
        assert_eq!(std::fs::read(&to).expect("read"), b"the library");
        assert!(!folder.path().join("../outside").exists());

        let why = library(&wheel, "9.9.9", &to).expect_err("not in it");
        assert!(why.to_string().contains("libonnxruntime.so.9.9.9"), "{why}");
    }

    #[test]
    fn refuses_what_is_no_wheel() {
        let folder = tempfile::tempdir().expect("a folder");
        let wheel = folder.path().join("some.whl");
        std::fs::write(&wheel, "an error page").expect("written");
        assert!(library(&wheel, "1.2.3", &folder.path().join("library")).is_err());
    }
}
