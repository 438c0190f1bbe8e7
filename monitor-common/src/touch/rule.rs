//! How a call is read: a rule for each call that touches something.

/// Numbers of a table that can have a rule.
pub const NUMBERS: u32 = 1024;

/// Entries of [`crate::names::RULE_OF`]: every number of every table.
pub const RULE_PLACES: u32 = 8 * NUMBERS;

/// Rules, the first of which is none.
pub const RULES: u32 = 64;

/// Where the rule of a call stands in [`crate::names::RULE_OF`].
#[inline(always)]
#[must_use]
pub const fn rule_place(abi_tag: u8, number: u32) -> Option<u32> {
    if number < NUMBERS && abi_tag < 8 {
        Some(abi_tag as u32 * NUMBERS + number)
    } else {
        None
    }
}

/// Bytes of a socket's address that are read: more than `struct sockaddr_un` has
/// (`include/uapi/linux/un.h`).
pub const ADDRESS: u32 = 112;

/// In the place of an argument: none.
pub const NO_ARGUMENT: u8 = 255;

/// In the place of an argument: the word that was read of memory.
pub const WORD: u8 = 254;

/// Of [`Rule::flags`]: ports that clients are given by chance are all the same.
pub const ANY_CLIENT_PORT: u8 = 1;
/// Of [`Rule::flags`]: the thread tells how the call went when it returns.
pub const OUTCOME: u8 = 2;
/// Of [`Rule::flags`]: the same only of a call that fails, as one that succeeds leaves no memory to
/// read again.
pub const OUTCOME_OF_FAILURE: u8 = 4;
/// Of [`Rule::flags`]: pointers in the process's structures have 32 bits.
pub const SHORT_POINTERS: u8 = 8;
/// Of [`Rule::flags`]: the call returns a descriptor of the file that the path names.
pub const OPENS: u8 = 16;
/// Of [`Rule::flags`]: it reads the second thing of a call.
pub const SECOND: u8 = 32;
/// Of [`Rule::flags`]: the directory's descriptor is the upper half of its argument.
pub const UPPER_FOLDER: u8 = 64;

/// What is read of the process's memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Memory {
    /// Nothing.
    None = 0,
    /// A string up to its NUL.
    Text = 1,
    /// A socket's address of the length in the argument `second`.
    Address = 2,
    /// Eight bytes.
    Word = 3,
    /// A string, and eight bytes where the argument `second` points.
    TextAndWord = 4,
    /// The address in a `struct msghdr`.
    Message = 5,
    /// What a call of i386's `socketcall` has for an address, or domain and type of its socket.
    SocketCall = 6,
    /// Eight bytes, eight bytes behind the pointer.
    WordBehind = 7,
    /// A string of the kernel's, in a `struct filename`.
    KernelText = 8,
}

/// How a call is read. User space writes it; the probe holds no policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Rule {
    /// The bits of each argument by which one thing is told from another.
    pub masks: [u64; 6],
    /// Bits of the argument `condition` of which one must be set, else the call touches nothing.
    pub needed: u64,
    /// A [`Memory`].
    pub memory: u8,
    /// The argument that points to it.
    pub pointer: u8,
    /// The argument with its length, or that points to the word.
    pub second: u8,
    /// The argument of `needed`, [`WORD`] or [`NO_ARGUMENT`].
    pub condition: u8,
    /// The argument that is a process: only whether it is the own one counts, and its mask is 0. Or
    /// [`NO_ARGUMENT`].
    pub process: u8,
    /// The argument that is the descriptor of the directory that a path is relative to;
    /// [`NO_ARGUMENT`] where that is the working directory.
    pub folder: u8,
    /// The rule that reads something else of the same call; 0 is none.
    pub next: u8,
    /// Bits such as [`OUTCOME`].
    pub flags: u8,
}

const _: () = assert!(size_of::<Rule>() == 64);

impl Rule {
    /// A rule that reads nothing.
    pub const NONE: Self = Self {
        masks: [0; 6],
        needed: 0,
        memory: Memory::None as u8,
        pointer: NO_ARGUMENT,
        second: NO_ARGUMENT,
        condition: NO_ARGUMENT,
        process: NO_ARGUMENT,
        folder: NO_ARGUMENT,
        next: 0,
        flags: 0,
    };

    /// The rule as the bytes of a map's value.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (place, mask) in self.masks.iter().chain([&self.needed]).enumerate() {
            bytes[8 * place..8 * place + 8].copy_from_slice(&mask.to_ne_bytes());
        }
        bytes[56] = self.memory;
        bytes[57] = self.pointer;
        bytes[58] = self.second;
        bytes[59] = self.condition;
        bytes[60] = self.process;
        bytes[61] = self.folder;
        bytes[62] = self.next;
        bytes[63] = self.flags;
        bytes
    }
}

/// In the place of another process's id.
pub const OTHER_PROCESS: u64 = 0x7fff_ffff;

/// The first port that is a client's by chance, and the one that stands for all of them.
pub const CLIENT_PORT: u16 = 32_768;
