//! The readers of bytes from outside: the same as `monitor/tests/readers` has.

#[path = "../../monitor/src/live/btf.rs"]
pub mod btf;

#[path = "../../xtask/trainer/src/corpus/entries.rs"]
pub mod entries;

#[path = "../shared/targets.rs"]
pub mod targets;
