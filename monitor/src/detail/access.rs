//! What was done to a file.

/// What a call does to the file that it names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Access {
    /// Opened for reading.
    Read,
    /// The same of a file that nobody but its owner may read.
    ReadPrivate,
    /// Opened for writing, or cut off.
    Write,
    /// Opened for writing and made where it was not there, or made as a device or pipe.
    Create,
    /// Run as a program.
    Execute,
    /// Run as a program that the service itself wrote, renamed or made runnable before.
    ExecuteWritten,
    /// Removed.
    Remove,
    /// The new name of a file that was renamed.
    Rename,
    /// Its former name.
    RenameFrom,
    /// The new name of a file that has others, or of a symbolic link.
    Link,
    /// The file that it is another name of, or that a symbolic link points to.
    LinkFrom,
    /// Its mode was changed.
    Mode,
    /// Its owner was changed.
    Owner,
    /// Made as a directory.
    MakeDirectory,
    /// Mounted on, or no longer.
    Mount,
    /// Made the working or the root directory.
    Enter,
}

impl Access {
    /// Every access.
    pub const ALL: [Self; 16] = [
        Self::Read,
        Self::ReadPrivate,
        Self::Write,
        Self::Create,
        Self::Execute,
        Self::ExecuteWritten,
        Self::Remove,
        Self::Rename,
        Self::RenameFrom,
        Self::Link,
        Self::LinkFrom,
        Self::Mode,
        Self::Owner,
        Self::MakeDirectory,
        Self::Mount,
        Self::Enter,
    ];

    /// The word of the text form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadPrivate => "read-private",
            Self::Write => "write",
            Self::Create => "create",
            Self::Execute => "execute",
            Self::ExecuteWritten => "execute-written",
            Self::Remove => "remove",
            Self::Rename => "rename",
            Self::RenameFrom => "rename-from",
            Self::Link => "link",
            Self::LinkFrom => "link-from",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::MakeDirectory => "mkdir",
            Self::Mount => "mount",
            Self::Enter => "enter",
        }
    }

    /// What the access is to a reader: a file that a service writes may also be renamed or removed
    /// by it without that being news.
    #[must_use]
    pub const fn effect(self) -> Effect {
        match self {
            // Who can reach a file by another name can read it.
            Self::Read | Self::ReadPrivate | Self::LinkFrom => Effect::Reads,
            Self::Execute | Self::ExecuteWritten => Effect::Runs,
            Self::Mount => Effect::Mounts,
            Self::Enter => Effect::Enters,
            _ => Effect::Changes,
        }
    }

    /// The access that `open` asks for by these flags (`include/uapi/asm-generic/fcntl.h`; the
    /// access mode, `O_CREAT` and `O_TRUNC` have the same bits on x86 and arm).
    #[must_use]
    pub const fn of_open(flags: u64) -> Self {
        const ACCESS_MODE: u64 = 0o3;
        const CREATE: u64 = 0o100;
        const TRUNCATE: u64 = 0o1000;
        if flags & CREATE != 0 {
            Self::Create
        } else if flags & (ACCESS_MODE | TRUNCATE) != 0 {
            Self::Write
        } else {
            Self::Read
        }
    }
}

/// What becomes of a file by an access.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Effect {
    /// Its content is known to the process.
    Reads,
    /// It, its name or its rights are not what they were.
    Changes,
    /// Its code runs.
    Runs,
    /// The file system has another shape.
    Mounts,
    /// Relative paths mean others.
    Enters,
}
