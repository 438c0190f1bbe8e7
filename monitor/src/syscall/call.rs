//! One system call.

pub use monitor_common::abi::Abi;

/// One system call as it was made: a number and the table that the number belongs to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Call {
    /// The interface through which the call entered the kernel.
    pub abi: Abi,
    /// The number in that interface's table; x32 numbers without bit 30. Any value may occur: the
    /// caller chooses it.
    pub number: u32,
}
