//! The compiler in use: where it lives and which LLVM it carries.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::tool;

/// Facts about the compiler that cargo would use here.
pub struct Rustc {
    /// The folder of the toolchain.
    pub sysroot: PathBuf,
    /// The major version of its LLVM.
    pub llvm_major: u32,
}

/// The compiler's own LLVM as a shared library.
pub struct Llvm {
    /// The folder that holds it.
    pub folder: PathBuf,
    /// What a linker is told after `-l`, without `lib` and `.so`.
    pub link_name: String,
    /// The name of the file with the code in it, which a program linked against it asks for.
    pub soname: String,
}

impl Rustc {
    /// Asks the compiler.
    pub fn ask() -> Result<Self> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let ask = |arguments: &[&str]| {
            tool::output(Command::new(&rustc).args(arguments)).with_context(|| {
                format!(
                    "`{} {}` does not answer",
                    rustc.display(),
                    arguments.join(" ")
                )
            })
        };
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?);
        let llvm_major = llvm_major(&ask(&["-vV"])?).context(
            "`rustc -vV` names no LLVM version: the probe needs a rustc built with LLVM",
        )?;
        Ok(Self {
            sysroot,
            llvm_major,
        })
    }

    /// Finds the LLVM library that this compiler ships.
    ///
    /// # Errors
    /// It ships none: some distributions link rustc against the system's LLVM.
    pub fn llvm(&self) -> Result<Llvm> {
        let folder = self.sysroot.join("lib");
        let mut link_name = None;
        let mut soname = None;
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(found) = name
                .strip_prefix("lib")
                .and_then(|rest| rest.strip_suffix(".so"))
                .filter(|stem| stem.starts_with("LLVM-"))
            {
                link_name = Some(found.to_owned());
            } else if name.starts_with("libLLVM.so.") {
                soname = Some(name);
            }
        }
        match link_name {
            // Older toolchains ship one file that is both.
            Some(link_name) => Ok(Llvm {
                soname: soname.unwrap_or_else(|| format!("lib{link_name}.so")),
                folder,
                link_name,
            }),
            None => bail!(
                "this rustc ships no LLVM of its own (no libLLVM-*.so in {}): use a toolchain from \
                 rustup (https://rustup.rs)",
                folder.display()
            ),
        }
    }
}

fn llvm_major(version: &str) -> Option<u32> {
    let line = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    line.split('.').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::llvm_major;

    #[test]
    fn reads_the_llvm_version_of_rustc() {
        // `rustc -vV` of 1.95.0, shortened.
        let said = "rustc 1.95.0 (59807616e 2026-04-14)\nrelease: 1.95.0\nLLVM version: 22.1.2";
        assert_eq!(llvm_major(said), Some(22));
        assert_eq!(llvm_major("release: 1.95.0"), None);
        assert_eq!(llvm_major("LLVM version: unknown"), None);
    }
}
