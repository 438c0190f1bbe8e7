//! The builds of the library that are accepted.

/// The folder of the library in the tool folder, and its name on the Python package index.
pub const NAME: &str = "onnxruntime";

/// Where a library comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The wheel `onnxruntime` on the Python package index.
    Pip,
    /// The package `onnxruntime-node` on npm.
    Npm,
}

/// One build of the library that is accepted.
#[derive(Clone, Copy)]
pub struct Build {
    /// The package's origin.
    pub origin: Origin,
    /// The package's version, and the library's.
    pub version: &'static str,
    /// The machine, as Rust names it.
    pub arch: &'static str,
    /// The machine, as the package names it.
    pub machine: &'static str,
    /// SHA-256 of the library, in hexadecimal.
    pub sha256: &'static str,
}

/// The accepted builds, the preferred ones first. The hashes were taken from the packages on
/// 2026-11-23.
pub const BUILDS: [Build; 4] = [
    Build {
        origin: Origin::Pip,
        version: "1.32.0",
        arch: "x86_64",
        machine: "manylinux_2_28_x86_64",
        sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
    },
    Build {
        origin: Origin::Pip,
        version: "1.32.0",
        arch: "aarch64",
        machine: "manylinux_2_28_aarch64",
        sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
    },
    Build {
        origin: Origin::Npm,
        version: "1.30.0",
        arch: "x86_64",
        machine: "x64",
        sha256: "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23",
    },
    Build {
        origin: Origin::Npm,
        version: "1.30.0",
        arch: "aarch64",
        machine: "arm64",
        sha256: "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76",
    },
];

impl Build {
    /// The library's place in the tool folder; another machine's has a folder of its own.
    pub fn place(&self) -> String {
        let version = self.version;
        if self.arch == std::env::consts::ARCH {
            format!("{NAME}/libonnxruntime.so.{version}")
        } else {
            format!("{NAME}-{}/libonnxruntime.so.{version}", self.arch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_a_build_by_pip_and_one_by_npm() {
        for arch in ["x86_64", "aarch64"] {
            for origin in [Origin::Pip, Origin::Npm] {
                assert!(
                    BUILDS
                        .iter()
                        .any(|build| build.arch == arch && build.origin == origin)
                );
            }
        }
    }
}
