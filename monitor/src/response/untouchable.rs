//! What is never touched, whatever is configured: without it nobody could reach, see or mend the
//! host.
//!
//! A process is known by what it executes and not by what it calls itself: a name would shield
//! whoever takes it.

use std::path::{Path, PathBuf};

use wildmatch::WildMatch;

use crate::config::settings::fits;
use crate::service::key::Key;

/// Names of services, with globs: the init, its own tools, logging in, messages, logs, networks,
/// engines of containers, and the monitor.
const SERVICES: &[&str] = &[
    "init.scope",
    "systemd-*",
    "dbus*.service",
    "ssh*.service",
    "dropbear*.service",
    "*getty*.service",
    "user@*.service",
    "user-runtime-dir@*.service",
    "emergency.service",
    "rescue.service",
    "polkit.service",
    "auditd.service",
    "rsyslog.service",
    "syslog-ng.service",
    "NetworkManager*.service",
    "networking.service",
    "wpa_supplicant*.service",
    "docker.service",
    "containerd.service",
    "crio.service",
    "podman.service",
    "kubelet.service",
    "monitor.service",
];

/// Names of executables in the host's own folders.
const PROGRAMS: &[&str] = &[
    "init",
    "systemd",
    "systemd-*",
    "dbus-daemon",
    "dbus-broker*",
    "sshd*",
    "dropbear",
    "login",
    "*getty",
    "sulogin",
    "su",
    "sudo",
    "udevd",
    "auditd",
    "rsyslogd",
    "syslog-ng",
    "NetworkManager",
    "dockerd",
    "containerd*",
    "crio",
    "conmon",
    "kubelet",
    "monitor",
];

/// Folders in which only root puts executables.
const FOLDERS: &[&str] = &[
    "/bin/",
    "/sbin/",
    "/lib/systemd/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/lib/",
    "/usr/libexec/",
];

/// `PF_KTHREAD` of `include/linux/sched.h`, in the flags of `/proc/PID/stat`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// What is known of a process that something is to be done to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// Its number.
    pub pid: u32,
    /// Its flags, as `/proc/PID/stat` has them.
    pub flags: u64,
    /// The file that it executes, if that is the host's own file of this path.
    pub executable: Option<String>,
}

/// Why a service is never touched; `never` are further globs.
///
/// # Errors
/// Which rule says so.
pub fn service(key: &Key, never: &[String]) -> Result<(), String> {
    let own = SERVICES
        .iter()
        .any(|glob| WildMatch::new(glob).matches(key.name()));
    if own || never.iter().any(|glob| fits(glob, key)) {
        return Err(format!("{key} is never touched"));
    }
    Ok(())
}

/// Why a process is never touched; `monitor` are the processes of the monitor itself.
///
/// # Errors
/// Which rule says so.
pub fn process(facts: &Facts, monitor: &[u32]) -> Result<(), String> {
    let Facts { pid, flags, .. } = *facts;
    if pid <= 1 {
        return Err("the first process is never touched".into());
    }
    if monitor.contains(&pid) {
        return Err("the monitor itself is never touched".into());
    }
    if flags & KERNEL_THREAD != 0 {
        return Err(format!("{pid} is a thread of the kernel"));
    }
    let path = facts.executable.as_deref().unwrap_or_default();
    let name = FOLDERS.iter().find_map(|folder| path.strip_prefix(folder));
    let name = name
        .and_then(|it| it.rsplit('/').next())
        .unwrap_or_default();
    if PROGRAMS
        .iter()
        .any(|glob| WildMatch::new(glob).matches(name))
    {
        return Err(format!("{pid} runs {path}, which is never touched"));
    }
    Ok(())
}

/// Why the cgroup at `path` is never frozen: it is the root, or holds a cgroup that must go on,
/// among `needed`.
///
/// # Errors
/// Which rule says so.
pub fn cgroup(path: &str, needed: &[PathBuf]) -> Result<(), String> {
    let parts: Vec<_> = path.split('/').filter(|it| !it.is_empty()).collect();
    if parts.is_empty() || parts.iter().any(|it| matches!(*it, "." | "..")) {
        return Err("that is no service's cgroup".into());
    }
    let path = Path::new("/").join(parts.iter().collect::<PathBuf>());
    match needed.iter().find(|it| it.starts_with(&path)) {
        Some(needed) => Err(format!("{} is in it, which must go on", needed.display())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    use super::{Facts, KERNEL_THREAD, cgroup, process, service};
    use crate::service::key::Key;

    #[test]
    fn what_a_person_reaches_the_host_by_is_never_touched() {
        for unit in [
            "ssh.service",
            "systemd-journald.service",
            "getty@tty1.service",
            "monitor.service",
        ] {
            assert!(service(&Key::unit(unit), &[]).is_err(), "{unit}");
        }
        let nginx = Key::unit("nginx.service");
        assert_eq!(service(&nginx, &[]), Ok(()));
        assert!(service(&nginx, &["unit:ngin*".into()]).is_err());
        let runs = |path: &str| Facts {
            pid: 40,
            flags: 0,
            executable: Some(path.into()),
        };
        for path in [
            "/usr/sbin/sshd",
            "/usr/lib/systemd/systemd-logind",
            "/usr/lib/openssh/sshd-session",
            "/sbin/agetty",
        ] {
            assert!(process(&runs(path), &[]).is_err(), "{path}");
        }
        // Whoever calls itself so is none.
        for path in ["/usr/sbin/nginx", "/tmp/sshd", "/srv/usr/sbin/sshd"] {
            assert_eq!(process(&runs(path), &[]), Ok(()), "{path}");
        }
    }

    #[test]
    fn init_the_kernel_and_the_monitor_are_never_touched() {
        let of = |pid, flags| Facts {
            pid,
            flags,
            executable: None,
        };
        assert!(process(&of(0, 0), &[]).is_err());
        assert!(process(&of(1, 0), &[]).is_err());
        assert!(process(&of(7, 0), &[6, 7]).is_err());
        assert!(process(&of(7, KERNEL_THREAD | 0x40), &[]).is_err());
        assert_eq!(process(&of(7, 0x40), &[6]), Ok(()));
    }

    #[test]
    fn a_cgroup_with_the_monitor_or_init_in_it_is_never_frozen() {
        let needed = [
            "/init.scope".into(),
            "/system.slice/monitor.service".into(),
            Path::new("/machine.slice").join(OsStr::from_bytes(b"\xff/monitor")),
        ];
        for wrong in [
            "/",
            "",
            "/system.slice",
            "/init.scope",
            "/a/../system.slice",
            "/system.slice/monitor.service",
            "//system.slice/",
            "/machine.slice",
        ] {
            assert!(cgroup(wrong, &needed).is_err(), "{wrong}");
        }
        assert_eq!(cgroup("/system.slice/nginx.service", &needed), Ok(()));
        assert_eq!(cgroup("/system.slice/monitor.service2", &needed), Ok(()));
        assert_eq!(cgroup("/machine.slice/\u{fffd}", &needed), Ok(()));
    }
}
