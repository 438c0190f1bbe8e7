//! What the probe is told: whom to watch, whose they are, and where the kernel keeps things.

mod filter;

mod layout;

mod member;

mod watched;

mod share;

pub use filter::*;
pub use layout::*;
pub use member::*;
pub use share::*;
pub use watched::*;
