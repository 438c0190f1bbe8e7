//! A trained model that says how surprising each call of a thread is.

pub mod manifest;
