//! The machines that can be emulated.

use monitor::syscall::event::Abi;

/// An emulated machine's architecture.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Architecture {
    /// 64-bit x86.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[value(name = "aarch64")]
    Aarch64,
}

impl Architecture {
    /// As rustc and the kernel name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// As Debian names it.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The emulator and the package that it is in.
    pub const fn emulator(self) -> (&'static str, &'static str) {
        match self {
            Self::X86_64 => ("qemu-system-x86_64", "qemu-system-x86"),
            Self::Aarch64 => ("qemu-system-aarch64", "qemu-system-arm"),
        }
    }

    /// Options of the emulator that choose the machine.
    pub const fn machine(self) -> &'static [&'static str] {
        match self {
            Self::X86_64 => &["-machine", "q35", "-cpu", "max"],
            Self::Aarch64 => &["-machine", "virt,gic-version=3", "-cpu", "cortex-a76"],
        }
    }

    /// The console that is the emulator's standard output.
    pub const fn console(self) -> &'static str {
        match self {
            Self::X86_64 => "ttyS0",
            Self::Aarch64 => "ttyAMA0",
        }
    }

    /// The prefix of the names of its compiler and binary tools, for use on another machine.
    pub const fn tools(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-linux-gnu-",
            Self::Aarch64 => "aarch64-linux-gnu-",
        }
    }

    /// Where programs look for their loader.
    pub const fn loader(self) -> &'static str {
        match self {
            Self::X86_64 => "lib64/ld-linux-x86-64.so.2",
            Self::Aarch64 => "lib/ld-linux-aarch64.so.1",
        }
    }

    /// The table of its own programs' calls, and of its 32-bit programs'.
    pub const fn tables(self) -> (Abi, Abi) {
        match self {
            Self::X86_64 => (Abi::X86_64, Abi::I386),
            Self::Aarch64 => (Abi::Aarch64, Abi::Arm),
        }
    }

    /// Whether this host is of it.
    pub fn is_host(self) -> bool {
        self.name() == std::env::consts::ARCH
    }
}
