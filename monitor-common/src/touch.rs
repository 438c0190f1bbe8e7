//! What the probe reads of a call beside its number, and the record in which it sends that.

mod rule;

mod stage;

mod touched;

pub use rule::*;
pub use stage::*;
pub use touched::*;

#[cfg(test)]
mod tests;
