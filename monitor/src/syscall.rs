//! What a system call is: its table, its number, its name and its place in the ADFA-LD vocabulary.

pub mod call;

pub mod event;

pub mod flight;

pub(crate) mod former;

#[cfg(test)]
pub(crate) mod sample;

pub mod table;

pub mod adfa;
