//! Things that are heavy wherever they are new to a service.
//!
//! The list is an assumption, not a measurement: each line has the document that says why. A
//! service that learned such a thing is quiet about it.
//!
//! It is one table, so it is long: a line is read beside the others, and the functions below it are
//! its words.

use super::access::Effect;
use super::address::Reach;
use super::{Access, Address, Detail, Field};

/// A line of the list.
#[derive(Clone, Copy, Debug)]
pub struct Sensitive {
    /// What it is, in words.
    pub what: &'static str,
    /// Which details, in words.
    pub matches: &'static str,
    /// MITRE ATT&CK technique, where it is certain.
    pub technique: Option<&'static str>,
    /// The document that says so.
    pub source: &'static str,
    is: fn(&Detail) -> bool,
}

/// The list.
pub const LIST: [Sensitive; 19] = [
    Sensitive {
        what: "password hashes and accounts' secrets",
        matches: "/etc/shadow, /etc/gshadow, /etc/master.passwd, /etc/sudoers, /etc/sudoers.d read \
                  or changed",
        technique: Some("T1003.008"),
        source: "ATT&CK: OS Credential Dumping, /etc/passwd and /etc/shadow; CIS Linux benchmark, \
                 section 7.1 (permissions of system files)",
        is: |detail| {
            path(detail, |_, path| {
                let path = path.strip_suffix(b"-").unwrap_or(path);
                matches!(path, b"/etc/shadow" | b"/etc/gshadow" | b"/etc/sudoers")
                    || path.starts_with(b"/etc/sudoers.d/")
            })
        },
    },
    Sensitive {
        what: "private keys and credentials of SSH, TLS, GnuPG and clouds",
        matches: ".ssh, .gnupg, .aws, .kube, .docker; id_rsa and the like; *.key, *.pem with key \
                  in its name; ssh_host_*_key; /etc/ssl/private",
        technique: Some("T1552.004"),
        source: "ATT&CK: Unsecured Credentials, Private Keys; Credentials in Files (T1552.001)",
        is: |detail| {
            path(detail, |effect, path| {
                effect != Effect::Enters && is_key(path)
            })
        },
    },
    Sensitive {
        what: "secrets of Kubernetes service accounts",
        matches: "/run/secrets, /var/run/secrets",
        technique: Some("T1528"),
        source: "ATT&CK: Steal Application Access Token",
        is: |detail| {
            path(detail, |_, path| {
                path.starts_with(b"/run/secrets/") || path.starts_with(b"/var/run/secrets/")
            })
        },
    },
    Sensitive {
        what: "another process's memory or environment",
        matches: "/proc/PID/mem, environ, maps, root, cwd of another process; process_vm_readv, \
                  process_vm_writev; ptrace",
        technique: Some("T1003.007"),
        source: "ATT&CK: OS Credential Dumping, Proc Filesystem; Process Injection, Ptrace \
                 (T1055.008); Docker's default seccomp profile",
        is: |detail| match detail {
            Detail::Number(Field::ForeignMemory, _) => true,
            // PTRACE_TRACEME (0) is a child's own wish.
            Detail::Number(Field::Ptrace, request) => *request != 0,
            other => path(other, |_, path| {
                path.starts_with(b"/proc/")
                    && !path.starts_with(b"/proc/self/")
                    && ([&b"/mem"[..], b"/environ", b"/maps"]
                        .iter()
                        .any(|end| path.ends_with(end))
                        || holds(path, b"/root/")
                        || holds(path, b"/cwd/"))
            }),
        },
    },
    Sensitive {
        what: "its own memory through a file",
        matches: "/proc/self/mem written",
        technique: Some("T1055.009"),
        source: "ATT&CK: Process Injection, Proc Memory",
        is: |detail| {
            path(detail, |effect, path| {
                effect == Effect::Changes && path == b"/proc/self/mem"
            })
        },
    },
    Sensitive {
        what: "jobs that the system starts by the clock",
        matches: "/etc/cron*, /etc/anacrontab, /var/spool/cron, /etc/at.allow changed",
        technique: Some("T1053.003"),
        source: "ATT&CK: Scheduled Task/Job, Cron; CIS Linux benchmark, section 2.4 (job \
                 schedulers)",
        is: |detail| {
            changes(detail, |path| {
                path.starts_with(b"/etc/cron")
                    || path.starts_with(b"/etc/anacrontab")
                    || path.starts_with(b"/etc/at.")
                    || path.starts_with(b"/var/spool/cron")
                    || path.starts_with(b"/var/spool/at")
            })
        },
    },
    Sensitive {
        what: "services that the system starts",
        matches: "systemd's folders, /etc/init.d, /etc/rc* changed",
        technique: Some("T1543.002"),
        source: "ATT&CK: Create or Modify System Process, Systemd Service; Boot or Logon \
                 Initialization Scripts, RC Scripts (T1037.004)",
        is: |detail| {
            changes(detail, |path| {
                holds(path, b"/systemd/system/")
                    || holds(path, b"/systemd/user/")
                    || path.starts_with(b"/etc/systemd/")
                    || path.starts_with(b"/etc/init.d/")
                    || path.starts_with(b"/etc/rc")
            })
        },
    },
    Sensitive {
        what: "keys that may log in",
        matches: "authorized_keys changed",
        technique: Some("T1098.004"),
        source: "ATT&CK: Account Manipulation, SSH Authorized Keys",
        is: |detail| changes(detail, |path| holds(path, b"/authorized_keys")),
    },
    Sensitive {
        what: "libraries that every program loads",
        matches: "/etc/ld.so.preload opened or changed, /etc/ld.so.conf changed",
        technique: Some("T1574.006"),
        source: "ATT&CK: Hijack Execution Flow, Dynamic Linker Hijacking",
        is: |detail| {
            path(detail, |effect, path| {
                // It is there only where something is loaded into every program (ld.so(8)).
                path == b"/etc/ld.so.preload"
                    || effect == Effect::Changes && path.starts_with(b"/etc/ld.so.")
            })
        },
    },
    Sensitive {
        what: "accounts, logins and start-up files of shells",
        matches: "/etc/passwd, /etc/group, /etc/pam.d, /etc/profile*, .bashrc, .profile and the \
                  like changed",
        technique: Some("T1136.001"),
        source: "ATT&CK: Create Account, Local Account; Event Triggered Execution, Unix Shell \
                 Configuration Modification (T1546.004); Modify Authentication Process (T1556.003)",
        is: |detail| {
            changes(detail, |path| {
                let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
                matches!(path, b"/etc/passwd" | b"/etc/group" | b"/etc/bash.bashrc")
                    || path.starts_with(b"/etc/pam.d/")
                    || path.starts_with(b"/etc/profile")
                    || matches!(
                        name,
                        b".bashrc" | b".bash_profile" | b".profile" | b".zshrc" | b".bash_logout"
                    )
            })
        },
    },
    Sensitive {
        what: "programs and libraries of the system",
        matches: "/bin, /sbin, /lib, /usr/bin, /usr/sbin, /usr/lib, /usr/local changed",
        technique: Some("T1554"),
        source: "ATT&CK: Compromise Host Software Binary",
        is: |detail| {
            changes(detail, |path| {
                const FOLDERS: [&[u8]; 8] = [
                    b"/bin/",
                    b"/sbin/",
                    b"/lib/",
                    b"/lib64/",
                    b"/usr/bin/",
                    b"/usr/sbin/",
                    b"/usr/lib/",
                    b"/usr/local/",
                ];
                FOLDERS.iter().any(|folder| path.starts_with(folder))
                    && !holds(path, b"/__pycache__/")
            })
        },
    },
    Sensitive {
        what: "the container runtime's socket",
        matches: "docker.sock, containerd.sock, crio.sock, podman.sock and others connected to or \
                  opened",
        technique: Some("T1611"),
        source: "ATT&CK: Escape to Host; CIS Docker benchmark, 5.32 (the Docker socket is not \
                 mounted inside any container)",
        is: |detail| {
            let socket = |path: &[u8]| {
                const NAMES: [&[u8]; 5] = [
                    b"docker.sock",
                    b"containerd.sock",
                    b"crio.sock",
                    b"podman.sock",
                    b"dockershim.sock",
                ];
                NAMES.iter().any(|name| path.ends_with(name))
            };
            match detail {
                Detail::Address(_, Address::Unix(path)) => socket(path.as_bytes()),
                other => path(other, |_, path| socket(path)),
            }
        },
    },
    Sensitive {
        what: "the cloud's metadata service",
        matches: "169.254.169.254, fd00:ec2::254",
        technique: Some("T1552.005"),
        source: "ATT&CK: Unsecured Credentials, Cloud Instance Metadata API",
        is: |detail| match detail {
            Detail::Address(_, Address::Internet(ip, _)) => Reach::of(*ip) == Reach::Metadata,
            _ => false,
        },
    },
    Sensitive {
        what: "kernel modules and the kernel's own memory",
        matches: "/lib/modules, /etc/modules* changed; /dev/mem, /dev/kmem, /proc/kcore, \
                  /proc/kallsyms; core_pattern, modprobe, sysrq-trigger, release_agent changed",
        technique: Some("T1547.006"),
        source: "ATT&CK: Kernel Modules and Extensions; Escape to Host (T1611); Docker's default \
                 masked paths",
        is: |detail| {
            path(detail, |effect, path| match path {
                b"/dev/mem" | b"/dev/kmem" | b"/dev/port" | b"/proc/kcore" | b"/proc/kallsyms" => {
                    true
                }
                path if effect == Effect::Changes => {
                    path.starts_with(b"/lib/modules/")
                        || path.starts_with(b"/usr/lib/modules/")
                        || path.starts_with(b"/etc/modules")
                        || path.starts_with(b"/etc/modprobe.d/")
                        || path.starts_with(b"/proc/sys/")
                        || path == b"/proc/sysrq-trigger"
                        || path.ends_with(b"/release_agent")
                }
                _ => false,
            })
        },
    },
    Sensitive {
        what: "memory that can be written and executed",
        matches: "mmap with write and execute at once or of anonymous memory to execute, mprotect \
                  to execute",
        technique: Some("T1620"),
        source: "ATT&CK: Reflective Code Loading; SELinux's execmem and execheap permissions",
        is: |detail| match detail {
            Detail::Number(Field::Memory, number) => {
                number & Field::EXECUTE != 0
                    && number & (Field::WRITE | Field::ANONYMOUS | Field::CHANGED) != 0
            }
            _ => false,
        },
    },
    Sensitive {
        what: "a program that the service wrote itself",
        matches: "a program run whose file the service wrote, renamed or made runnable before",
        technique: Some("T1105"),
        source: "ATT&CK: Ingress Tool Transfer; NIST SP 800-190, 4.4.4 (images are not changed at \
                 run time)",
        is: |detail| matches!(detail, Detail::Path(Access::ExecuteWritten, _)),
    },
    Sensitive {
        what: "a file that only its owner may read",
        matches: "a regular file with no rights for group and others, read by a service that \
                  neither read nor wrote it before",
        technique: Some("T1552.001"),
        source: "ATT&CK: Unsecured Credentials, Credentials in Files; ssh(1) and CIS Linux \
                 benchmark, sections 5.1 and 7.1 (files with secrets have these rights)",
        is: |detail| matches!(detail, Detail::Path(Access::ReadPrivate, _)),
    },
    Sensitive {
        what: "a program without a file",
        matches: "a program run from a descriptor, /proc/self/fd or /dev/shm",
        technique: Some("T1620"),
        source: "ATT&CK: Reflective Code Loading; memfd_create(2)",
        is: |detail| {
            path(detail, |effect, path| {
                effect == Effect::Runs
                    && (path == b"."
                        || path.starts_with(b"/proc/self/fd/")
                        || path.starts_with(b"/dev/fd/")
                        || path.starts_with(b"/dev/shm/")
                        || path.starts_with(b"/memfd:"))
            })
        },
    },
    Sensitive {
        what: "namespaces of its own or of others, and a file system of another shape",
        matches: "clone, unshare or setns with namespace flags; mount, umount, pivot_root",
        technique: Some("T1611"),
        source: "ATT&CK: Escape to Host; Docker's default seccomp profile (clone, unshare, mount, \
                 setns)",
        is: |detail| match detail {
            Detail::Number(Field::Clone | Field::Unshare, flags) => flags & NAMESPACES != 0,
            Detail::Number(Field::JoinNamespace, _) => true,
            other => path(other, |effect, _| effect == Effect::Mounts),
        },
    },
];

/// `CLONE_NEW…` of include/uapi/linux/sched.h: namespaces of mounts, cgroups, host name, IPC,
/// users, pids, network, time.
const NAMESPACES: u64 = 0x7e02_0080;

/// The line that a detail, given generalised, falls under.
#[must_use]
pub fn of(detail: &Detail) -> Option<&'static Sensitive> {
    LIST.iter().find(|line| (line.is)(detail))
}

fn path(detail: &Detail, is: impl Fn(Effect, &[u8]) -> bool) -> bool {
    match detail {
        Detail::Path(access, path) => is(access.effect(), path.as_bytes()),
        _ => false,
    }
}

fn changes(detail: &Detail, is: impl Fn(&[u8]) -> bool) -> bool {
    path(detail, |effect, path| effect == Effect::Changes && is(path))
}

fn holds(path: &[u8], part: &[u8]) -> bool {
    path.windows(part.len()).any(|window| window == part)
}

fn is_key(path: &[u8]) -> bool {
    const FOLDERS: [&[u8]; 7] = [
        b"/.ssh/",
        b"/.gnupg/",
        b"/.aws/",
        b"/.kube/",
        b"/.docker/",
        b"/etc/ssl/private/",
        b"/.config/gcloud/",
    ];
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    FOLDERS.iter().any(|folder| holds(path, folder))
        || [&b"id_rsa"[..], b"id_dsa", b"id_ecdsa", b"id_ed25519"].contains(&name)
        || name.starts_with(b"ssh_host_") && name.ends_with(b"_key")
        || name.ends_with(b".key")
        || name.ends_with(b".pem") && holds(name, b"key")
        || matches!(
            name,
            b".netrc" | b".pgpass" | b".git-credentials" | b".env" | b".my.cnf"
        )
}

#[cfg(test)]
mod tests;
