//! Which system call table a number belongs to.

/// The system call interface through which a call entered the kernel.
///
/// The discriminants are stored in recordings and sent over the ring: never renumber them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Abi {
    /// The 64-bit table of x86-64 (`arch/x86/entry/syscalls/syscall_64.tbl`).
    X86_64 = 0,
    /// The 32-bit table of x86 (`arch/x86/entry/syscalls/syscall_32.tbl`), also on a 64-bit kernel.
    I386 = 1,
    /// The x32 half of `syscall_64.tbl`; the number is stored without `__X32_SYSCALL_BIT`.
    X32 = 2,
    /// The generic 64-bit table as used by arm64 (`include/uapi/asm-generic/unistd.h`).
    Aarch64 = 3,
    /// The 32-bit table of Arm on an arm64 kernel (`arch/arm64/tools/syscall_32.tbl`).
    Arm = 4,
    /// Operations that are submitted to io_uring, by their opcode (`enum io_uring_op`,
    /// `include/uapi/linux/io_uring.h`).
    IoUring = 5,
}

impl Abi {
    /// Every ABI, in the order of its tag.
    pub const ALL: [Self; 6] = [
        Self::X86_64,
        Self::I386,
        Self::X32,
        Self::Aarch64,
        Self::Arm,
        Self::IoUring,
    ];

    /// The ABI of a stored tag, or `None` for a tag that no version wrote.
    #[must_use]
    pub const fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            0 => Some(Self::X86_64),
            1 => Some(Self::I386),
            2 => Some(Self::X32),
            3 => Some(Self::Aarch64),
            4 => Some(Self::Arm),
            5 => Some(Self::IoUring),
            _ => None,
        }
    }

    /// The tag as stored.
    #[must_use]
    pub const fn tag(self) -> u8 {
        self as u8
    }
}

/// `__X32_SYSCALL_BIT` of `arch/x86/include/uapi/asm/unistd.h`.
pub const X32_SYSCALL_BIT: u32 = 0x4000_0000;

#[cfg(test)]
mod tests {
    use super::Abi;

    #[test]
    fn tags_round_trip_and_the_next_one_is_refused() {
        for abi in Abi::ALL {
            assert_eq!(Abi::from_tag(abi.tag()), Some(abi));
        }
        assert_eq!(Abi::from_tag(Abi::ALL.len() as u8), None);
    }
}
