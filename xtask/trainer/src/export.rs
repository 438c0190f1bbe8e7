//! `cargo xtask export-onnx`: turns a checkpoint into a model folder.

pub mod command;
pub mod forward;
pub mod graph_lm;
pub mod graph_notebook;
pub mod import;
pub mod layers;
pub mod manifest;
pub mod measure;
pub mod onnx;
pub mod quantise;
pub mod readme;
pub mod threshold;
pub mod weights;

#[cfg(test)]
mod tests;

pub use command::{Options, command};
