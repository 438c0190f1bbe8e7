//! `cargo xtask scenarios`: real services under load, learned, watched and attacked.
//!
//! All of it runs on this host only: services that the suite starts itself, its own folder, and 127.0.0.1.

pub mod attack;
pub mod cgroup;
pub mod implant;
pub mod marks;
pub mod mimicry;
pub mod plain;
pub mod report;
pub mod sandbox;
pub mod stop;
pub mod tool;

#[cfg(test)]
mod hand_made;
