//! What the command is asked for.

use std::path::PathBuf;

use clap::Args;

use super::architecture::Architecture;
use super::release::NEWEST;

/// Options of `cargo xtask kernels`.
#[derive(Args, Debug)]
pub struct Options {
    /// Kernels, as in 5.10, 7.2.13 or newest [default: the newest of each series on offer].
    #[arg(value_name = "VERSION")]
    pub(super) versions: Vec<String>,
    /// The emulated machine.
    #[arg(long, value_enum, default_value = "x86_64")]
    pub(super) arch: Architecture,
    /// Another build of the monitor than the release build, which is made first.
    #[arg(long, value_name = "FILE")]
    pub(super) monitor: Option<PathBuf>,
    /// libonnxruntime for the machine [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    pub(super) onnxruntime: Option<PathBuf>,
    /// The quick checks alone, on the oldest kernel that is promised, one in the middle and the
    /// newest where none is named.
    #[arg(long, conflicts_with_all = ["count", "publish"])]
    pub(super) short: bool,
    /// Count guest instructions of a call in every mode, in the place of the checks.
    #[arg(long)]
    pub(super) count: bool,
    /// Write the table into docs/kernels.md, that of instructions into docs/performance.md.
    #[arg(long)]
    pub(super) publish: bool,
    /// Take what a kernel's guest handed out when it was booted last, and boot only the others.
    #[arg(long)]
    pub(super) kept: bool,
    /// Seconds that a boot may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 400)]
    pub(super) patience: u64,
}

/// The kernels of the short form.
const SHORT: [&str; 3] = ["5.10", "6.12", NEWEST];

impl Options {
    /// The kernels that are asked for; all where none is.
    pub(super) fn wanted(&self) -> Vec<String> {
        if self.short && self.versions.is_empty() {
            return SHORT.map(str::to_owned).to_vec();
        }
        self.versions.clone()
    }
}
