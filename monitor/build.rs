//! Builds the probe for the BPF target and leaves it in `OUT_DIR`, when the feature `live` is on.
//!
//! The library embeds it from there. Without the feature nothing is built, so that replaying,
//! scoring and `cargo xtask` need no BPF linker.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "live")]
    if let Err(why) = probe::build() {
        // A panic or a returned error would bury the sentence under the script's output and a
        // backtrace.
        println!("cargo::error={}", format!("{why:#}").replace('\n', " "));
    }
}

#[cfg(feature = "live")]
mod probe {
    use std::env;
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use anyhow::{Context as _, Result, bail};
    use aya_build::{Package, Toolchain};

    /// Checks that the set-up is done, then lets aya-build run a second cargo for the BPF target.
    pub fn build() -> Result<()> {
        let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
        let root = manifest_dir
            .parent()
            .context("this package is not in its workspace")?;
        let tools = env::var_os("MONITOR_TOOLS").map_or_else(|| root.join(".tools"), PathBuf::from);
        let sysroot = sysroot()?;
        need_rust_src(&sysroot)?;
        let path = path_with_linker(&tools.join("bin"))?;

        // SAFETY: a build script starts with one thread, and none has been started yet.
        unsafe {
            env::set_var("PATH", path);
            // The probe is built with `-Z build-std`. Set here, it reaches that one child and not
            // the rest of the build.
            env::set_var("RUSTC_BOOTSTRAP", "1");
            // aya-build shows all that this cargo says as warnings: leave its progress out of it.
            env::set_var("CARGO_TERM_QUIET", "true");
            // The folders of this machine stay out of the probe's line information, so that equal
            // sources give equal bytes wherever they lie
            // (https://doc.rust-lang.org/cargo/reference/unstable.html#profile-trim-paths-option).
            env::set_var("CARGO_UNSTABLE_TRIM_PATHS", "true");
            env::set_var("CARGO_PROFILE_RELEASE_TRIM_PATHS", "all");
        }
        let toolchain = toolchain(&sysroot);
        let probe = root.join("monitor-ebpf");
        aya_build::build_ebpf(
            [Package {
                name: "monitor-ebpf",
                root_dir: utf8(&probe)?,
                ..Package::default()
            }],
            Toolchain::Custom(&toolchain),
        )
        .context("the probe does not build (the compiler's messages are the warnings above)")
    }

    fn variable(name: &str) -> Result<OsString> {
        env::var_os(name).with_context(|| format!("cargo did not set {name}"))
    }

    fn utf8(path: &Path) -> Result<&str> {
        path.to_str().with_context(|| {
            format!(
                "{} is not UTF-8: move the project elsewhere",
                path.display()
            )
        })
    }

    fn sysroot() -> Result<PathBuf> {
        let rustc = variable("RUSTC")?;
        let output = Command::new(&rustc)
            .args(["--print", "sysroot"])
            .output()
            .with_context(|| format!("cannot run {}", rustc.display()))?;
        Ok(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ))
    }

    fn need_rust_src(sysroot: &Path) -> Result<()> {
        let core = sysroot.join("lib/rustlib/src/rust/library/core/src/lib.rs");
        if !core.exists() {
            bail!("the probe needs the rust-src component: run `cargo xtask setup` once");
        }
        println!("cargo::rerun-if-changed={}", core.display());
        Ok(())
    }

    /// `PATH` with the folder of the tools in front: rustc looks for `bpf-linker` there.
    fn path_with_linker(bin: &Path) -> Result<OsString> {
        let mut folders = vec![bin.to_path_buf()];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let linker = folders
            .iter()
            .map(|folder| folder.join("bpf-linker"))
            .find(|file| file.is_file())
            .context(
                "the probe needs bpf-linker, which is not here: run `cargo xtask setup` once",
            )?;
        println!("cargo::rerun-if-changed={}", linker.display());
        env::join_paths(folders).context("PATH cannot be extended")
    }

    /// The toolchain this build runs with, as `rustup run` names it.
    ///
    /// rustup sets `RUSTUP_TOOLCHAIN` for what it starts. Where cargo was started without it, the
    /// name of the sysroot's folder is the toolchain's name.
    fn toolchain(sysroot: &Path) -> String {
        env::var("RUSTUP_TOOLCHAIN").unwrap_or_else(|_| {
            sysroot
                .file_name()
                .map_or_else(|| "stable".into(), |name| name.to_string_lossy().into())
        })
    }
}
