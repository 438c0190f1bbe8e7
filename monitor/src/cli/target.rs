//! Whom to watch, as the command line says it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use monitor::service::find::{self, Wanted};
use monitor::service::host::Host;
use nix::unistd::User;

use super::status::Usage;

/// Options that name a target.
#[derive(Args, Clone, Debug, Default)]
pub struct TargetArgs {
    /// Watch this process, all its threads, and its children from then on (repeatable)
    #[arg(long, value_name = "PID", value_parser = pid)]
    pid: Vec<u32>,
    /// Watch every process with a thread of this name (up to 15 bytes, see /proc/PID/comm)
    #[arg(long, value_name = "NAME")]
    comm: Option<OsString>,
    /// Watch every process of this user, by number or name
    #[arg(long, value_name = "USER")]
    uid: Option<String>,
    /// Watch every process in this cgroup (version 2) and below
    #[arg(long, value_name = "PATH")]
    cgroup: Option<PathBuf>,
    /// Watch this systemd unit, also when it is started again
    #[arg(long, value_name = "NAME")]
    unit: Option<String>,
    /// Watch this container, by its name or the beginning of its id
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Watch every container of this Kubernetes pod, as in NAMESPACE/NAME
    #[arg(long, value_name = "NAME")]
    pod: Option<String>,
    /// Watch every process of the host but the monitor
    #[arg(long)]
    all: bool,
    /// Do not watch the children of watched processes
    #[arg(long)]
    no_follow: bool,
    /// Run this command and watch it from its first call on
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Whom to watch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// These processes.
    Processes(Vec<u32>),
    /// Processes with a thread of this name.
    Comm(OsString),
    /// Processes of this user.
    Uid(u32),
    /// Processes of this cgroup.
    Cgroup(PathBuf),
    /// Processes of this cgroup, which is that of a unit, container or pod of this name.
    Service(PathBuf, String),
    /// All.
    All,
    /// This command: program and arguments.
    Command(OsString, Vec<OsString>),
}

impl TargetArgs {
    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.pid.is_empty()
            && self.comm.is_none()
            && self.uid.is_none()
            && self.cgroup.is_none()
            && self.unit.is_none()
            && self.container.is_none()
            && self.pod.is_none()
            && !self.all
            && self.command.is_empty()
    }

    /// Whether children are watched too.
    pub const fn follows(&self) -> bool {
        !self.no_follow
    }

    /// The one target.
    ///
    /// # Errors
    /// None, more than one kind, or a user that is not there.
    pub fn target(self) -> Result<Target, Usage> {
        let mut given = Vec::new();
        if !self.pid.is_empty() {
            given.push(("--pid", Target::Processes(self.pid)));
        }
        if let Some(name) = self.comm {
            if name.is_empty() {
                return Err(Usage("--comm needs a name that is not empty".into()));
            }
            given.push(("--comm", Target::Comm(name)));
        }
        if let Some(user) = self.uid {
            given.push(("--uid", Target::Uid(uid(&user)?)));
        }
        if let Some(path) = self.cgroup {
            given.push(("--cgroup", Target::Cgroup(path)));
        }
        for (option, wanted, name) in [
            ("--unit", Wanted::Unit, self.unit),
            ("--container", Wanted::Container, self.container),
            ("--pod", Wanted::Pod, self.pod),
        ] {
            let Some(name) = name else { continue };
            let found = find::cgroup_of(&Host::of_environment(), wanted, &name);
            let path = found.map_err(|error| Usage(error.to_string()))?;
            given.push((option, Target::Service(path, name)));
        }
        if self.all {
            given.push(("--all", Target::All));
        }
        let mut words = self.command.into_iter();
        if let Some(program) = words.next() {
            given.push(("-- COMMAND", Target::Command(program, words.collect())));
        }
        match (given.len(), given.pop()) {
            (1, Some((_, target))) => Ok(target),
            (_, None) => Err(Usage(
                "nobody to watch: give --pid PID, --comm NAME, --uid USER, --cgroup PATH, --unit \
                 NAME, --container NAME, --pod NAME, --all or -- COMMAND (see monitor --help)"
                    .into(),
            )),
            (_, Some((last, _))) => {
                let others: Vec<_> = given.iter().map(|&(name, _)| name).collect();
                Err(Usage(format!(
                    "{} and {last} exclude each other: give one kind of target",
                    others.join(", ")
                )))
            }
        }
    }
}

impl Target {
    /// What a profile of it would be called; `None` of processes, which have names of their own.
    pub fn service(&self) -> Option<String> {
        match self {
            Self::Processes(_) | Self::Command(..) => None,
            Self::Comm(name) => Some(name.to_string_lossy().into_owned()),
            Self::Uid(uid) => Some(format!("user-{uid}")),
            Self::Cgroup(path) => Some(path.file_name()?.to_string_lossy().into_owned()),
            Self::Service(_, name) => Some(name.replace('/', "-")),
            Self::All => Some("host".to_owned()),
        }
    }
}

fn pid(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(pid) if pid > 0 => Ok(pid),
        _ if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            Err("give the number of a process, from 1".into())
        }
        _ => Err(format!(
            "give the number of a process, or its name by --comm {text}"
        )),
    }
}

fn uid(user: &str) -> Result<u32, Usage> {
    if let Ok(uid) = user.parse() {
        return Ok(uid);
    }
    match User::from_name(user) {
        Ok(Some(found)) => Ok(found.uid.as_raw()),
        Ok(None) => Err(Usage(format!(
            "--uid: there is no user {user:?}; give a name of `getent passwd` or a number"
        ))),
        Err(error) => Err(Usage(format!(
            "--uid: the user {user:?} cannot be looked up ({error}); give the number"
        ))),
    }
}

/// The last part of a path.
fn last(path: &Path) -> String {
    let name = path.file_name();
    name.unwrap_or_default().to_string_lossy().into_owned()
}

impl Target {
    /// The service that it implies, by a name that people know it by; empty for the whole host.
    pub fn implied_service(&self) -> String {
        let name = match self {
            Self::Processes(pids) => {
                let comm = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).ok();
                let comm = pids.first().and_then(comm).unwrap_or_default();
                comm.trim_end().to_owned()
            }
            Self::Comm(name) => name.to_string_lossy().into_owned(),
            Self::Uid(uid) => format!("uid {uid}"),
            Self::Cgroup(path) => last(path),
            Self::Service(_, name) => name.clone(),
            Self::Command(program, _) => last(Path::new(program)),
            Self::All => String::new(),
        };
        monitor::who::redaction::harmless(&name)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Processes(pids) => {
                let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
                write!(f, "pid {}", pids.join(", "))
            }
            Self::Comm(name) => write!(f, "comm {}", name.to_string_lossy()),
            Self::Uid(uid) => write!(f, "uid {uid}"),
            Self::Cgroup(path) => write!(f, "cgroup {}", path.display()),
            Self::Service(path, name) => write!(f, "{} ({})", name.escape_debug(), path.display()),
            Self::All => f.write_str("all processes"),
            Self::Command(program, _) => write!(f, "command {}", program.to_string_lossy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, TargetArgs};

    #[test]
    fn one_kind_of_target_is_taken_however_often_it_is_given() {
        let args = TargetArgs {
            pid: vec![7, 8],
            ..TargetArgs::default()
        };
        assert_eq!(
            args.target().expect("one kind"),
            Target::Processes(vec![7, 8])
        );
    }

    #[test]
    fn what_is_watched_gives_a_profile_its_name() {
        assert_eq!(Target::All.service().as_deref(), Some("host"));
        let unit = Target::Cgroup("/sys/fs/cgroup/system.slice/web.service".into());
        assert_eq!(unit.service().as_deref(), Some("web.service"));
        assert_eq!(Target::Processes(vec![1]).service(), None);
    }

    #[test]
    fn two_kinds_are_refused_by_their_names() {
        let args = TargetArgs {
            all: true,
            comm: Some("sshd".into()),
            ..TargetArgs::default()
        };
        let error = args.target().expect_err("two kinds").to_string();
        assert!(error.starts_with("--comm and --all exclude"), "{error}");
    }

    #[test]
    fn no_target_names_the_choices() {
        let error = TargetArgs::default().target().expect_err("none");
        for choice in [
            "--pid",
            "--comm",
            "--uid",
            "--cgroup",
            "--unit",
            "--container",
            "--pod",
            "--all",
            "-- COMMAND",
        ] {
            assert!(error.to_string().contains(choice), "{error}");
        }
    }

    #[test]
    fn a_user_is_a_number_or_a_name_that_exists() {
        let of = |user: &str| {
            TargetArgs {
                uid: Some(user.into()),
                ..TargetArgs::default()
            }
            .target()
        };
        assert_eq!(of("1234").expect("a number"), Target::Uid(1234));
        assert_eq!(of("root").expect("everywhere"), Target::Uid(0));
        let error = of("no such user").expect_err("unknown");
        assert!(error.to_string().contains("no such user"), "{error}");
    }
}
