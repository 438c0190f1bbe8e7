//! The calls that a model of ADFA-LD tells apart.

use monitor::model::manifest::Vocabulary;

/// Its name in manifests.
pub const NAME: &str = Vocabulary::ADFA_LD;

/// The calls a model can predict: i386 numbers 1 to 340, and 0 for a call without a counterpart.
pub const SIZE: usize = monitor::syscall::adfa::VOCABULARY;

/// The input that stands for the start of a trace.
pub const START: u16 = SIZE as u16;

/// The index of a call without a counterpart.
pub const UNKNOWN: u16 = 0;

/// The inputs of a stateful model: every call, and [`START`].
pub const INPUTS: usize = SIZE + 1;
