//! What calls touch: the thing beside a call's number that says on what it was done, and how it
//! went.
//!
//! A [`Detail`] names the thing in the same words whatever table the call is from and whether it
//! was `open` or `openat`, so that what was learned of one is known of the other. Its text form
//! (`read:/etc/passwd`, `connect:127.0.0.1:80`, `memory:5`) is the form of recordings, profiles and
//! alarms, and every detail reads back from it. A path or address read from a process's memory is
//! evidence and no proof: another thread may change it between the kernel's look and the probe's.

pub mod access;

pub mod address;

pub mod path;

pub mod outcome;

pub mod field;

pub mod sensitive;

pub mod technique;

pub(crate) mod reader;

pub mod written;

pub mod words;

mod text;

use crate::syscall::call::Call;

pub use access::Access;
pub use address::{Address, Contact};
pub use field::Field;
pub use outcome::Outcome;
pub use path::PathText;
pub use reader::{Reader, Returns};
pub use text::NoDetail;
pub use written::Written;

/// What one call touched.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Detail {
    /// A file, and what was done to it.
    Path(Access, PathText),
    /// An address, and what was done with it.
    Address(Contact, Address),
    /// A small number out of the call's arguments: flags, a request, a kind.
    Number(Field, u64),
    /// A path that could not be read: its page was out, or the address was wrong.
    UnreadablePath(Access),
    /// An address that could not be read.
    UnreadableAddress(Contact),
}

/// That a call touched something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Touch {
    /// The place of the call in its thread, counted from 0.
    pub seq: u64,
    /// The call.
    pub call: Call,
    /// What it touched, as it was given: not yet generalised.
    pub detail: Detail,
    /// How it went, where that is known.
    pub outcome: Option<Outcome>,
}

impl Detail {
    /// The longest text form that is read back, bytes.
    pub const LONGEST: usize = 2048;

    /// The same thing with all that programs make up (numbers, temporary names, process ids)
    /// replaced by wildcards; `tgid` is the process that touched it, whose own `/proc/PID` becomes
    /// `/proc/self`.
    #[must_use]
    pub fn generalised(&self, tgid: u32) -> Self {
        match self {
            Self::Path(access, path) => Self::Path(*access, path.generalised(tgid)),
            Self::Address(contact, address) => {
                Self::Address(*contact, address.generalised(*contact))
            }
            other => other.clone(),
        }
    }

    /// Whether it is the file of a program that is to run.
    #[must_use]
    pub const fn runs(&self) -> bool {
        matches!(self, Self::Path(how, _) if matches!(how.effect(), access::Effect::Runs))
    }
}
