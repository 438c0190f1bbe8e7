//! `cargo xtask kernels`: the monitor on other kernels, booted in an emulator.
//!
//! Kernels come as Debian's packages, which are unpacked and never installed. Each is booted with
//! an initramfs that holds the monitor and programs that make known numbers of calls; what the
//! monitor recorded there is judged here.

mod architecture;

mod archive;

mod release;

mod cpio;

mod image;

mod machine;

mod guest;

mod seen;

mod check;

mod table;

mod count;

mod options;

mod bench;

mod command;

pub use command::command;
pub use options::Options;
