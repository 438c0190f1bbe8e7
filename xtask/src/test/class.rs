//! The needs that keep a test from running everywhere.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::place;

use crate::privilege;

/// One thing that a test needs. The name of the test carries it, as the name of a module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Need {
    /// The library, which the set-up brings.
    Onnxruntime,
    /// A kernel with BTF.
    Btf,
    /// The data set ADFA-LD.
    AdfaLd,
    /// The program strace.
    Strace,
    /// The program tmux.
    Tmux,
    /// A Python with onnxruntime and numpy.
    Python,
    /// Root, and a kernel with BTF: the test loads the probe.
    Root,
    /// A cgroup that can be given a limit of memory, which takes root.
    MemoryCgroup,
    /// The same as for root, and the services of [`SERVICES`].
    Services,
    /// Root, and the programs of [`PACKAGES`]: a fresh system is made for the packages.
    Debootstrap,
}

/// Where distributions put programs and daemons.
const DAEMONS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];

/// The programs that tests of services start, and the packages that hold them.
const SERVICES: [(&str, &str); 2] = [("nginx", "nginx-light"), ("wrk", "wrk")];

/// The programs that tests of packages start; those of a package are named as it is.
const PACKAGES: [&str; 4] = ["debootstrap", "lintian", "objcopy", "git"];

/// What the tests with BTF read.
const BTF: &str = "/sys/kernel/btf/vmlinux";

/// Everything that a test needs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Class(Vec<Need>);

impl Class {
    /// The class of an ignored test; `None` when its name carries no need.
    pub fn of(test: &str) -> Option<Self> {
        let needs = Need::ALL.into_iter();
        let needs: Vec<_> = needs.filter(|need| test.contains(need.marker())).collect();
        (!needs.is_empty()).then_some(Self(needs))
    }

    /// The needs in words, as the tests' `ignore` gives them.
    pub fn need(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|need| need.name()).collect();
        format!("needs {}", names.join(" and "))
    }

    /// Whether its tests run as root.
    pub fn is_of_root(&self) -> bool {
        let of_root = [Need::Root, Need::Services, Need::Debootstrap];
        of_root.iter().any(|need| self.0.contains(need))
    }

    /// Why it cannot be had here, if it cannot.
    pub fn obstacle(&self) -> Option<String> {
        self.0.iter().find_map(|need| need.obstacle())
    }
}

impl Need {
    /// All needs, the cheap ones first.
    const ALL: [Self; 10] = [
        Self::Onnxruntime,
        Self::Btf,
        Self::AdfaLd,
        Self::Strace,
        Self::Tmux,
        Self::Python,
        Self::Root,
        Self::MemoryCgroup,
        Self::Services,
        Self::Debootstrap,
    ];

    fn marker(self) -> &'static str {
        match self {
            Self::Onnxruntime => "needs_onnxruntime",
            Self::Btf => "needs_btf",
            Self::AdfaLd => "needs_adfa_ld",
            Self::Strace => "needs_strace",
            Self::Tmux => "needs_tmux",
            Self::Python => "needs_python",
            Self::Root => "needs_root",
            Self::MemoryCgroup => "needs_memory_cgroup",
            Self::Services => "needs_services",
            Self::Debootstrap => "needs_debootstrap",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Onnxruntime => "onnxruntime",
            Self::Btf => "BTF",
            Self::AdfaLd => "ADFA-LD",
            Self::Strace => "strace",
            Self::Tmux => "tmux",
            Self::Python => "Python",
            Self::Root => "root",
            Self::MemoryCgroup => "a cgroup that limits memory",
            Self::Services => "services",
            Self::Debootstrap => "debootstrap",
        }
    }

    fn obstacle(self) -> Option<String> {
        match self {
            Self::Onnxruntime => None,
            Self::Btf => {
                (!Path::new(BTF).exists()).then(|| format!("this kernel has no file {BTF}"))
            }
            Self::AdfaLd => {
                let folder = place::adfa_ld();
                (!folder.is_dir()).then(|| {
                    format!(
                        "no folder {}; MONITOR_ADFA_LD names another",
                        folder.display()
                    )
                })
            }
            Self::Strace => (!works(Command::new("strace").arg("-V")))
                .then(|| "strace is not installed".to_owned()),
            Self::Tmux => {
                (!works(Command::new("tmux").arg("-V"))).then(|| "tmux is not installed".to_owned())
            }
            Self::Python => {
                let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
                let mut import = Command::new(&python);
                import.args(["-c", "import onnxruntime, numpy"]);
                (!works(&mut import)).then(|| {
                    format!("{python:?} cannot import onnxruntime and numpy; PYTHON names another")
                })
            }
            Self::Root => privilege::obstacle()
                .map(str::to_owned)
                .or_else(|| Self::Btf.obstacle()),
            Self::MemoryCgroup => {
                let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
                let limits = mounts.lines().any(limits_memory);
                (!limits).then(|| "no cgroup of this host limits memory".to_owned())
            }
            Self::Services => Self::Root.obstacle().or_else(|| not_installed(&SERVICES)),
            Self::Debootstrap => privilege::obstacle()
                .map(str::to_owned)
                .or_else(|| not_installed(&PACKAGES.map(|name| (name, name)))),
        }
    }
}

/// Whether a group below the cgroup hierarchy of this mount can have a limit of memory
/// (proc_pid_mountinfo(5), Documentation/admin-guide/cgroup-v2.rst).
fn limits_memory(mount: &str) -> bool {
    let Some((mount, system)) = mount.split_once(" - ") else {
        return false;
    };
    let mut system = system.split(' ');
    let has = |words: &str, by: [char; 2]| words.split(by).any(|it| it == "memory");
    match system.next() {
        Some("cgroup") => system.nth(1).is_some_and(|it| has(it, [',', ','])),
        Some("cgroup2") => {
            let at = mount.split(' ').nth(4).unwrap_or_default();
            let given = fs::read_to_string(Path::new(at).join("cgroup.subtree_control"));
            given.is_ok_and(|it| has(&it, [' ', '\n']))
        }
        _ => false,
    }
}

/// Which of these programs, each with its package, are not there, in words.
fn not_installed(programs: &[(&str, &str)]) -> Option<String> {
    let missing = |name: &str| !DAEMONS.iter().any(|it| Path::new(it).join(name).exists());
    let packages = programs.iter().filter(|(name, _)| missing(name));
    let packages: Vec<_> = packages.map(|&(_, package)| package).collect();
    (!packages.is_empty()).then(|| format!("not installed: {}", packages.join(", ")))
}

fn works(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::{Class, limits_memory};

    #[test]
    fn a_test_has_all_the_needs_that_its_name_carries() {
        let need = |test: &str| Class::of(test).map(|class| class.need());
        assert_eq!(
            need("scorer::needs_onnxruntime::agrees").as_deref(),
            Some("needs onnxruntime")
        );
        assert_eq!(
            need("needs_root::needs_strace::compares").as_deref(),
            Some("needs strace and root")
        );
        assert_eq!(need("slow::walks_everything"), None);
    }

    #[test]
    fn a_hierarchy_of_version_1_limits_memory_by_its_options() {
        // As Linux 6.18 prints them.
        let of = |options: &str| format!("33 26 0:29 / /c rw,relatime - cgroup cgroup {options}");
        assert!(limits_memory(&of("rw,memory")));
        assert!(!limits_memory(&of("rw,cpu,cpuacct")));
        assert!(!limits_memory("22 1 0:20 / / rw - ext4 /dev/vda memory"));
        let missing = "40 26 0:30 / /no/such/place rw - cgroup2 cgroup2 rw";
        assert!(!limits_memory(missing));
    }

    #[test]
    fn what_needs_root_or_services_runs_as_root() {
        let of_root = |test: &str| Class::of(test).is_some_and(|class| class.is_of_root());
        assert!(of_root("needs_onnxruntime::needs_root::alarms"));
        assert!(of_root("needs_services::alarms"));
        assert!(!of_root("needs_adfa_ld::needs_onnxruntime::scores"));
    }
}
