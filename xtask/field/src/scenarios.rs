//! `cargo xtask scenarios`: real services under load, learned, watched and attacked.
//!
//! All of it runs on this host only: services that the suite starts itself, its own folder and
//! namespaces, and loopback.

mod attack;
pub mod cgroup;
mod command;
mod findings;
mod implant;
pub mod marks;
mod mimicry;
mod namespaces;
mod package;
pub mod plain;
pub mod report;
pub mod sandbox;
mod service;
pub mod study;
pub mod tool;
pub mod variant;
pub mod watcher;

#[cfg(test)]
mod hand_made;
#[cfg(test)]
mod tests;

pub use command::{Options, command};
