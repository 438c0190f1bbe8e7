//! The first file system of the emulated machine: busybox, the monitor with its libraries, and the
//! programs that are watched.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::architecture::{Architecture, Emulated as _};
use super::archive::{Archive, name};
use super::cpio;

const INIT: &str = include_str!("guest/init.sh");
const TASK: &str = include_str!("guest/task.c");
const COMPAT: &str = include_str!("guest/compat.c");

/// A program without a C library.
const BARE: [&str; 6] = [
    "-nostdlib",
    "-nostartfiles",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-pic",
    "-no-pie",
];

/// What the monitor needs beside itself.
const LIBRARIES: [(&str, &[&str]); 3] = [
    (
        "libc6",
        &[
            "libc.so.6",
            "libm.so.6",
            "libdl.so.2",
            "librt.so.1",
            "libpthread.so.0",
            "ld-linux-aarch64.so.1",
        ],
    ),
    ("libgcc-s1", &["libgcc_s.so.1"]),
    ("libstdc++6", &["libstdc++.so.6"]),
];

/// What an image is made of.
pub struct Parts<'a> {
    /// Of which machine.
    pub architecture: Architecture,
    /// The monitor, built for it.
    pub monitor: &'a Path,
    /// libonnxruntime, built for it; without one the model is not tried.
    pub onnxruntime: Option<&'a Path>,
    /// A script of the guest's that replaces its checks.
    pub instead: Option<&'a str>,
    /// Whether only the quick checks are made.
    pub is_short: bool,
    /// More programs: where, and from which source.
    pub programs: &'a [(&'a str, &'a str)],
}

impl Parts<'_> {
    /// Writes the image to `image`, by way of the folder `workshop`.
    ///
    /// # Errors
    /// A compiler or a part is missing, which the error names with its package.
    pub fn write(&self, archive: &Archive, workshop: &Path, image: &Path) -> Result<()> {
        fs::create_dir_all(workshop)?;
        let stripped = workshop.join("monitor");
        self.strip(&stripped)?;
        let mut programs = BTreeMap::new();
        programs.insert("init".to_owned(), INIT.as_bytes().to_vec());
        programs.insert("bin/monitor".to_owned(), fs::read(&stripped)?);
        programs.insert("bin/busybox".to_owned(), fs::read(self.busybox(archive)?)?);
        let standard = [("bin/task", TASK)];
        for (path, source) in standard.iter().chain(self.programs) {
            let built = self.compile(workshop, source, &["-pthread"])?;
            programs.insert((*path).to_owned(), fs::read(built)?);
        }
        if let Ok(built) = self.compile_compat(workshop) {
            programs.insert("bin/compat".to_owned(), fs::read(built)?);
        }
        for (path, library) in self.libraries(archive)? {
            let bytes = fs::read(&library).with_context(|| library.display().to_string())?;
            programs.insert(path, bytes);
        }
        if let Some(library) = self.onnxruntime {
            let bytes = fs::read(library).with_context(|| library.display().to_string())?;
            programs.insert("lib/libonnxruntime.so.1".to_owned(), bytes);
        }
        if let Some(script) = self.instead {
            programs.insert("instead.sh".to_owned(), script.as_bytes().to_vec());
        }
        if self.is_short {
            programs.insert("short".to_owned(), Vec::new());
        }
        let mut to = cpio::Archive::new(BufWriter::new(File::create(image)?));
        for folder in ["bin", "lib", "lib64", "dev"] {
            to.folder(folder)?;
        }
        for (path, bytes) in programs {
            to.program(&path, &bytes)?;
        }
        to.finish()?;
        Ok(())
    }

    fn strip(&self, to: &Path) -> Result<()> {
        let program = self.architecture.tool("strip");
        let mut strip = Command::new(&program);
        strip
            .arg("--strip-debug")
            .arg("-o")
            .arg(to)
            .arg(self.monitor);
        run(&mut strip, &format!("{program} (package binutils)"))
    }

    fn compile(&self, workshop: &Path, source: &str, options: &[&str]) -> Result<PathBuf> {
        let compiler = self.architecture.tool("gcc");
        compile(&compiler, workshop, source, options)
    }

    fn compile_compat(&self, workshop: &Path) -> Result<PathBuf> {
        match self.architecture {
            Architecture::X86_64 => {
                let options = [&["-m32"], BARE.as_slice()].concat();
                self.compile(workshop, COMPAT, &options)
            }
            Architecture::Aarch64 => compile(
                "arm-linux-gnueabihf-gcc",
                workshop,
                COMPAT,
                &[&["-marm"], BARE.as_slice()].concat(),
            ),
        }
    }

    fn busybox(&self, archive: &Archive) -> Result<PathBuf> {
        if !self.architecture.is_host() {
            let unpacked =
                archive.unpack("busybox-static", |path| path.ends_with("bin/busybox"))?;
            return unpacked
                .into_iter()
                .next()
                .context("busybox-static holds no busybox");
        }
        let places = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
        let found = places.into_iter().find(|path| path.exists());
        let busybox = found.context("no busybox: install busybox-static")?;
        ensure!(
            needed_by(busybox)?.is_empty(),
            "{} needs libraries: install busybox-static in its place",
            busybox.display()
        );
        Ok(busybox.to_owned())
    }

    /// Where in the image each library stands, and where it is here.
    fn libraries(&self, archive: &Archive) -> Result<BTreeMap<String, PathBuf>> {
        let mut found = BTreeMap::new();
        if self.architecture.is_host() {
            for of in [Some(self.monitor), self.onnxruntime].into_iter().flatten() {
                for library in needed_by(of)? {
                    let name = library.file_name().unwrap_or_default().to_string_lossy();
                    found.insert(format!("lib/{name}"), library.clone());
                }
            }
            let loader = self.architecture.loader();
            found.insert(loader.to_owned(), Path::new("/").join(loader));
            return Ok(found);
        }
        for (package, names) in LIBRARIES {
            // The files behind the links that programs ask for have longer names.
            let named = |file: &str| {
                names.iter().find(|name| {
                    file.strip_prefix(**name)
                        .is_some_and(|it| it.is_empty() || it.starts_with('.'))
                })
            };
            // Below /usr/share are texts of the same names, for debuggers.
            let is_shared = |path: &Path| path.iter().any(|part| part == "share");
            let is_library = |path: &Path| named(&name(path)).is_some() && !is_shared(path);
            for file in archive.unpack(package, is_library)? {
                if let Some(name) = named(&name(&file)) {
                    found.insert(format!("lib/{name}"), file.clone());
                }
            }
        }
        Ok(found)
    }
}

fn compile(compiler: &str, workshop: &Path, source: &str, options: &[&str]) -> Result<PathBuf> {
    let from = workshop.join("source.c");
    let to = workshop.join("program");
    fs::write(&from, source)?;
    let mut command = Command::new(compiler);
    command
        .args(["-O2", "-static", "-o"])
        .arg(&to)
        .arg(&from)
        .args(options);
    run(
        &mut command,
        &format!("{compiler} (packages gcc and libc6-dev)"),
    )?;
    Ok(to)
}

/// The libraries of a program of this machine, as the loader finds them; none for a static one.
fn needed_by(program: &Path) -> Result<Vec<PathBuf>> {
    let said = Command::new("ldd")
        .arg(program)
        .output()
        .context("cannot start ldd")?;
    let said = String::from_utf8_lossy(&said.stdout);
    let paths = said
        .lines()
        .filter_map(|line| line.split_once(" => ")?.1.split(' ').next());
    Ok(paths
        .filter(|path| path.starts_with('/'))
        .map(PathBuf::from)
        .collect())
}

fn run(command: &mut Command, name: &str) -> Result<()> {
    let ended = command
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    if !ended.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&ended.stderr).trim());
    }
    Ok(())
}
