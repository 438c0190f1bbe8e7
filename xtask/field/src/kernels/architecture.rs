//! How a machine is emulated.

use monitor::syscall::event::Abi;
pub use xtask::architecture::Architecture;

/// What an emulated machine of an architecture is like.
pub trait Emulated {
    /// The emulator and the package that it is in.
    fn emulator(self) -> (&'static str, &'static str);
    /// Options of the emulator that choose the machine.
    fn machine(self) -> &'static [&'static str];
    /// The console that is the emulator's standard output.
    fn console(self) -> &'static str;
    /// Where programs look for their loader.
    fn loader(self) -> &'static str;
    /// The table of its own programs' calls, and of its 32-bit programs'.
    fn tables(self) -> (Abi, Abi);
}

impl Emulated for Architecture {
    fn emulator(self) -> (&'static str, &'static str) {
        match self {
            Self::X86_64 => ("qemu-system-x86_64", "qemu-system-x86"),
            Self::Aarch64 => ("qemu-system-aarch64", "qemu-system-arm"),
        }
    }

    fn machine(self) -> &'static [&'static str] {
        match self {
            Self::X86_64 => &["-machine", "q35", "-cpu", "max"],
            Self::Aarch64 => &["-machine", "virt,gic-version=3", "-cpu", "cortex-a76"],
        }
    }

    fn console(self) -> &'static str {
        match self {
            Self::X86_64 => "ttyS0",
            Self::Aarch64 => "ttyAMA0",
        }
    }

    fn loader(self) -> &'static str {
        match self {
            Self::X86_64 => "lib64/ld-linux-x86-64.so.2",
            Self::Aarch64 => "lib/ld-linux-aarch64.so.1",
        }
    }

    fn tables(self) -> (Abi, Abi) {
        match self {
            Self::X86_64 => (Abi::X86_64, Abi::I386),
            Self::Aarch64 => (Abi::Aarch64, Abi::Arm),
        }
    }
}
