//! The command line from outside: exit status, standard output, standard error.

#[cfg(feature = "live")]
#[path = "../traced/mod.rs"]
mod traced;

mod harness;
mod schema;

mod config;
mod explain;
mod incidents;
mod needs_adfa_ld;
mod needs_onnxruntime;
#[cfg(feature = "live")]
mod needs_root;
#[cfg(feature = "live")]
mod needs_tmux;
mod outputs;
mod syscalls;
mod usage;
