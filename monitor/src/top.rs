//! What `monitor top` shows: rows, their order, and what keys do. Nothing here draws, asks a guard
//! or reads a clock but for [`draw`], which draws on what it is given.
//!
//! [`Top`](state::Top) hears what a guard answers ([`News`](state::News)) and which keys are
//! pressed ([`Key`](state::Key)), and gives what is to be done ([`Order`](state::Order)).

pub mod sheet;

pub mod rows;

pub mod list;

pub mod state;

pub mod draw;

#[cfg(test)]
mod tests;
