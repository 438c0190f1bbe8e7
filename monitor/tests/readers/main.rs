//! Readers of bytes from outside: none panics, takes more than linear time, or memory beyond what
//! it was given.

#[path = "../../src/live/btf.rs"]
#[allow(dead_code, missing_docs, reason = "the probe's loader uses the rest")]
mod btf;

#[path = "../../../xtask/trainer/src/corpus/entries.rs"]
mod entries;

#[path = "../../../fuzz/shared/targets.rs"]
mod targets;

#[path = "../../../fuzz/shared/seeds.rs"]
mod seeds;

mod counted;

mod linear;

mod mutated;
