//! Which small number of a call's arguments a detail holds.

/// A number that says what kind of thing a call does.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Field {
    /// What memory may do: [`Field::WRITE`], [`Field::EXECUTE`], [`Field::ANONYMOUS`],
    /// [`Field::CHANGED`]. Only of memory that may be executed.
    Memory,
    /// Flags of `clone` and `clone3` without the signal.
    Clone,
    /// Flags of `unshare`.
    Unshare,
    /// Flags of `setns`.
    JoinNamespace,
    /// Flags of `memfd_create`.
    MemoryFile,
    /// Domain times 65536 plus type of `socket`, without the type's flags.
    Socket,
    /// Request of `ptrace`.
    Ptrace,
    /// Option of `prctl`.
    Prctl,
    /// Command of `fcntl`.
    Fcntl,
    /// Request of `ioctl`.
    Ioctl,
    /// Command of `bpf`.
    Bpf,
    /// Operation of `keyctl`.
    Keyctl,
    /// Signal to a process of the caller's own or to nobody in particular.
    SignalOwn,
    /// Signal to another process.
    SignalOther,
    /// User id that the caller takes.
    User,
    /// Group id that the caller takes.
    Group,
    /// Another process's memory is read (0) or written (1).
    ForeignMemory,
}

impl Field {
    /// The memory may be written.
    pub const WRITE: u64 = 1;
    /// The memory may be executed.
    pub const EXECUTE: u64 = 2;
    /// No file is behind the memory.
    pub const ANONYMOUS: u64 = 4;
    /// It was there before and had another protection.
    pub const CHANGED: u64 = 8;

    /// Every field.
    pub const ALL: [Self; 17] = [
        Self::Memory,
        Self::Clone,
        Self::Unshare,
        Self::JoinNamespace,
        Self::MemoryFile,
        Self::Socket,
        Self::Ptrace,
        Self::Prctl,
        Self::Fcntl,
        Self::Ioctl,
        Self::Bpf,
        Self::Keyctl,
        Self::SignalOwn,
        Self::SignalOther,
        Self::User,
        Self::Group,
        Self::ForeignMemory,
    ];

    /// The word of the text form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Clone => "clone",
            Self::Unshare => "unshare",
            Self::JoinNamespace => "setns",
            Self::MemoryFile => "memfd",
            Self::Socket => "socket",
            Self::Ptrace => "ptrace",
            Self::Prctl => "prctl",
            Self::Fcntl => "fcntl",
            Self::Ioctl => "ioctl",
            Self::Bpf => "bpf",
            Self::Keyctl => "keyctl",
            Self::SignalOwn => "signal-own",
            Self::SignalOther => "signal-other",
            Self::User => "user",
            Self::Group => "group",
            Self::ForeignMemory => "foreign-memory",
        }
    }

    /// The number of a mapping's detail from its protection and flags
    /// (`include/uapi/asm-generic/mman-common.h`), or of `mprotect` without flags; `None` when it
    /// may not be executed.
    #[must_use]
    pub const fn memory(protection: u64, map_flags: Option<u64>) -> Option<u64> {
        const PROT_WRITE: u64 = 2;
        const PROT_EXEC: u64 = 4;
        const MAP_ANONYMOUS: u64 = 0x20;
        if protection & PROT_EXEC == 0 {
            return None;
        }
        let mut number = Self::EXECUTE;
        if protection & PROT_WRITE != 0 {
            number |= Self::WRITE;
        }
        match map_flags {
            Some(flags) if flags & MAP_ANONYMOUS != 0 => number |= Self::ANONYMOUS,
            Some(_) => {}
            None => number |= Self::CHANGED,
        }
        Some(number)
    }

    /// The number of a socket's detail.
    #[must_use]
    pub const fn socket(domain: u64, kind: u64) -> u64 {
        // The type stands in four bits, its flags above (include/linux/net.h, SOCK_TYPE_MASK).
        (domain & 0xffff) << 16 | kind & 0xf
    }
}
