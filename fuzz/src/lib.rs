//! The readers of bytes from outside: the same as `monitor/tests/readers` has.

#[path = "../../monitor/src/live/btf.rs"]
pub mod btf;

#[path = "../shared/targets.rs"]
pub mod targets;
