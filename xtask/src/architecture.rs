//! The machines that the monitor is built for.

/// A machine's architecture.
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
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// As Debian names it.
    #[must_use]
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The prefix of the names of its compiler and binary tools, for use on another machine.
    #[must_use]
    pub const fn tools(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-linux-gnu-",
            Self::Aarch64 => "aarch64-linux-gnu-",
        }
    }

    /// rustc's target for it.
    #[must_use]
    pub const fn target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// The name of one of its compilers and binary tools here: a host's own have no prefix.
    #[must_use]
    pub fn tool(self, name: &str) -> String {
        if self.is_host() {
            name.to_owned()
        } else {
            format!("{}{name}", self.tools())
        }
    }

    /// Debian's packages of its compiler and of the C library to link with.
    #[must_use]
    pub const fn compiler_packages(self) -> &'static str {
        match self {
            Self::X86_64 => "gcc-x86-64-linux-gnu libc6-dev-amd64-cross",
            Self::Aarch64 => "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
        }
    }

    /// Whether this host is of it.
    #[must_use]
    pub fn is_host(self) -> bool {
        self.name() == std::env::consts::ARCH
    }
}
