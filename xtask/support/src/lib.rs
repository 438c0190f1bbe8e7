//! What the crates of `cargo xtask` share: where things are, on what and at which revision is
//! measured, and where a report goes.

pub mod files;
pub mod machine;
pub mod page;
pub mod place;
pub mod program;
pub mod revision;
pub mod spread;
pub mod stop;
