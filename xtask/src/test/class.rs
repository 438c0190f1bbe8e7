//! The needs that keep a test from running everywhere.

use std::path::Path;

use support::place;

use crate::privilege;

/// What a test needs. The name of the test carries it, as the name of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Root, and a kernel with BTF: the test loads the probe.
    Root,
    /// The same, and the services of [`SERVICES`].
    Services,
    /// The data set ADFA-LD.
    AdfaLd,
    /// The library, which the set-up brings.
    Onnxruntime,
}

/// Where distributions put programs and daemons.
const DAEMONS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];

/// The programs that tests of services start, and the packages that hold them.
const SERVICES: [(&str, &str); 2] = [("nginx", "nginx-light"), ("wrk", "wrk")];

impl Class {
    /// All classes, the cheap ones first.
    pub const ALL: [Self; 4] = [Self::Onnxruntime, Self::AdfaLd, Self::Root, Self::Services];

    /// The class of an ignored test. One that names two needs belongs to the rarer one.
    pub fn of(test: &str) -> Option<Self> {
        [Self::Services, Self::Root, Self::AdfaLd, Self::Onnxruntime]
            .into_iter()
            .find(|class| test.contains(class.marker()))
    }

    fn marker(self) -> &'static str {
        match self {
            Self::Root => "needs_root",
            Self::Services => "needs_services",
            Self::AdfaLd => "needs_adfa_ld",
            Self::Onnxruntime => "needs_onnxruntime",
        }
    }

    /// The need in words, as the tests' `ignore` gives it.
    pub fn need(self) -> &'static str {
        match self {
            Self::Root => "needs root",
            Self::Services => "needs services",
            Self::AdfaLd => "needs ADFA-LD",
            Self::Onnxruntime => "needs onnxruntime",
        }
    }

    /// Whether its tests run as root.
    pub fn is_of_root(self) -> bool {
        matches!(self, Self::Root | Self::Services)
    }

    /// Why it cannot be had here, if it cannot.
    pub fn obstacle(self) -> Option<String> {
        match self {
            Self::Root => privilege::obstacle().map(str::to_owned).or_else(|| {
                let btf = Path::new("/sys/kernel/btf/vmlinux");
                (!btf.exists()).then(|| format!("this kernel has no {}", btf.display()))
            }),
            Self::Services => Self::Root.obstacle().or_else(|| {
                let missing =
                    |name: &str| !DAEMONS.iter().any(|it| Path::new(it).join(name).exists());
                let packages = SERVICES.iter().filter(|(name, _)| missing(name));
                let packages: Vec<_> = packages.map(|&(_, package)| package).collect();
                (!packages.is_empty()).then(|| format!("not installed: {}", packages.join(", ")))
            }),
            Self::AdfaLd => {
                let folder = place::adfa_ld();
                (!folder.is_dir()).then(|| {
                    format!(
                        "no folder {}; MONITOR_ADFA_LD names another",
                        folder.display()
                    )
                })
            }
            Self::Onnxruntime => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Class;

    #[test]
    fn a_test_belongs_to_the_rarest_of_its_needs() {
        assert_eq!(
            Class::of("scorer::needs_onnxruntime::agrees"),
            Some(Class::Onnxruntime)
        );
        assert_eq!(
            Class::of("needs_adfa_ld::needs_onnxruntime::scores"),
            Some(Class::AdfaLd)
        );
        assert_eq!(
            Class::of("needs_onnxruntime::needs_root::alarms"),
            Some(Class::Root)
        );
        assert_eq!(
            Class::of("needs_services::needs_root::alarms"),
            Some(Class::Services)
        );
        assert_eq!(Class::of("slow::walks_everything"), None);
    }
}
