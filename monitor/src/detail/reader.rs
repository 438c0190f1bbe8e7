//! Which arguments of which call say what it touches.

mod calls;

mod reading;

use super::Field;
use super::access::Access;
use super::address::Contact;

/// How a detail is read from a call's six arguments, counted from 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reader {
    /// A path and the flags of `open`.
    Open {
        /// The path.
        path: u8,
        /// The flags.
        flags: u8,
    },
    /// A path and a `struct open_how`, whose first eight bytes are the flags.
    OpenHow {
        /// The path.
        path: u8,
        /// The structure's address.
        how: u8,
    },
    /// A path, with the access that the call means.
    Path {
        /// What is done.
        access: Access,
        /// The path.
        path: u8,
        /// The descriptor of the directory that it is relative to; `None` for the working
        /// directory.
        folder: Option<u8>,
    },
    /// An address of a socket; its length stands behind it.
    Address {
        /// What is done.
        contact: Contact,
        /// The address.
        address: u8,
    },
    /// The address in a `struct msghdr`, in the second argument; of several the first's.
    Message,
    /// What a call of i386's `socketcall` does with an address: its number, and an array of its
    /// arguments.
    SocketCall,
    /// A number as it is, those bits that count.
    Number {
        /// Which.
        field: Field,
        /// The argument.
        argument: u8,
        /// The bits.
        bits: u64,
    },
    /// The first eight bytes of a structure: flags of `clone3`.
    CloneStructure {
        /// The structure's address.
        argument: u8,
    },
    /// Protection and flags of `mmap`.
    Map,
    /// The same of i386's first `mmap`, whose arguments are a structure (`struct mmap_arg_struct`,
    /// mm/mmap.c).
    MapStructure,
    /// Protection of `mprotect`.
    Protect,
    /// Domain and type of `socket`.
    Socket,
    /// A signal, and the process or thread that it is for.
    Signal {
        /// The signal.
        signal: u8,
        /// The process; negative and 0 mean groups.
        process: Option<u8>,
    },
    /// Memory of the process in the first argument.
    ForeignMemory {
        /// Whether it is written.
        writes: bool,
    },
}

/// When the way a call went says something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Returns {
    /// Never: such calls are made too often, or what they do is known by their making.
    Unasked,
    /// Always.
    Asked,
    /// When it fails: of a program that runs another one the memory is gone.
    AskedOfFailure,
}

/// The lowest byte of the flags of `clone` is a signal (include/uapi/linux/sched.h, `CSIGNAL`).
const CLONE_FLAGS: u64 = 0xffff_ff00;

impl Reader {
    /// The argument with the descriptor of the directory that a path is relative to.
    #[must_use]
    pub const fn folder(self) -> Option<u8> {
        match self {
            Self::Open { path, .. } | Self::OpenHow { path, .. } => path.checked_sub(1),
            Self::Path { folder, .. } => folder,
            _ => None,
        }
    }

    /// Whether the call returns a descriptor of the file that its path names.
    #[must_use]
    pub const fn opens(self) -> bool {
        matches!(self, Self::Open { .. } | Self::OpenHow { .. })
    }

    /// When the way the call went says something.
    #[must_use]
    pub const fn returns(self) -> Returns {
        match self {
            Self::Path {
                access: Access::Execute,
                ..
            } => Returns::AskedOfFailure,
            Self::Open { .. }
            | Self::OpenHow { .. }
            | Self::Path { .. }
            | Self::Address {
                contact: Contact::Connect | Contact::Bind,
                ..
            }
            | Self::ForeignMemory { .. }
            | Self::Signal { .. }
            | Self::Number {
                field:
                    Field::Unshare
                    | Field::JoinNamespace
                    | Field::Ptrace
                    | Field::Bpf
                    | Field::Keyctl
                    | Field::User
                    | Field::Group,
                ..
            } => Returns::Asked,
            _ => Returns::Unasked,
        }
    }

    /// The argument whose memory is read, if any is.
    #[must_use]
    pub const fn memory(self) -> Option<u8> {
        match self {
            Self::Open { path, .. } | Self::OpenHow { path, .. } | Self::Path { path, .. } => {
                Some(path)
            }
            Self::Address { address, .. } => Some(address),
            Self::CloneStructure { argument } => Some(argument),
            Self::Message | Self::SocketCall => Some(1),
            Self::MapStructure => Some(0),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
