//! The thread that reads about processes, with no right but that.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;

use crossbeam_channel::{Receiver, Sender};
use nix::unistd::Uid;
use procfs::process::Process;

use super::{Known, MOST_ANCESTORS, Memory, lock};
#[cfg(feature = "live")]
use crate::live::privileges::{Needs, give_up};
use crate::run::process_status::ProcessStatus;
use crate::service::cgroup::Place;
use crate::service::host::Host as HostFiles;
use crate::service::identity::{Identity, Lookup, Rules};
use crate::who::redaction::{Redaction, harmless};
use crate::who::{Container, Program, User};

/// What the thread is asked.
pub(super) enum Reading {
    /// To read a process, and who started it.
    Process(u32),
    /// To read a process and its ancestors, and to answer when that is done.
    Lineage(u32, Sender<()>),
}

/// Reads, and keeps what it read.
pub(super) struct Reader {
    memory: Arc<Mutex<Memory>>,
    lookup: Lookup,
    redaction: Redaction,
    users: HashMap<u32, Option<String>>,
}

/// Leaves the calling thread the rights to read about processes, and no others.
#[cfg(feature = "live")]
fn give_up_rights() {
    let needs = Needs {
        looks_up_processes: true,
        ..Needs::default()
    };
    if let Err(error) = give_up(&needs) {
        log::warn!("the thread that looks up processes keeps its rights: {error}");
    }
}

/// A run without the kernel has none.
#[cfg(not(feature = "live"))]
fn give_up_rights() {}

impl Reader {
    /// Starts the thread; it ends when nobody can ask any more.
    pub(super) fn start(
        memory: Arc<Mutex<Memory>>,
        files: HostFiles,
        redaction: Redaction,
        to_read: Receiver<Reading>,
    ) -> io::Result<()> {
        let reader = Self {
            memory,
            lookup: Lookup::new(files, Rules { user_units: true }),
            redaction,
            users: HashMap::new(),
        };
        let read = move || {
            give_up_rights();
            reader.run(&to_read);
        };
        thread::Builder::new().name("who".into()).spawn(read)?;
        Ok(())
    }

    fn run(mut self, to_read: &Receiver<Reading>) {
        for reading in to_read {
            match reading {
                Reading::Process(pid) => {
                    // Whoever started it may be gone by the time of an alarm.
                    if let Some(parent) = self.take(pid)
                        && self.parent(parent).is_none()
                    {
                        self.take(parent);
                    }
                }
                Reading::Lineage(pid, done) => {
                    let mut at = Some(pid).filter(|&pid| pid > 0);
                    for _ in 0..MOST_ANCESTORS {
                        let Some(pid) = at else {
                            break;
                        };
                        let parent = self.take(pid).or_else(|| self.parent(pid));
                        at = parent.filter(|&pid| pid > 0);
                    }
                    let _ = done.send(());
                }
            }
        }
    }

    /// The parent of a process that was read before.
    fn parent(&self, pid: u32) -> Option<u32> {
        lock(&self.memory).known.get(&pid).map(|it| it.parent)
    }

    /// Reads a process and keeps what it tells; gives its parent. One that is gone stays as it was.
    fn take(&mut self, pid: u32) -> Option<u32> {
        let mut now = self.read(pid)?;
        let mut memory = lock(&self.memory);
        let before = memory.known.get(&pid);
        if let Some(before) = before.filter(|before| before.start == now.start) {
            // One that is about to end has neither an executable nor arguments any more.
            let (program, former) = (&mut now.program, &before.program);
            if program.executable.is_none() && program.command_line.is_none() {
                program.executable.clone_from(&former.executable);
                program.command_line.clone_from(&former.command_line);
            }
        }
        let parent = now.parent;
        memory.keep(pid, now);
        Some(parent)
    }

    fn read(&mut self, pid: u32) -> Option<Known> {
        let process = Process::new(i32::try_from(pid).ok()?).ok()?;
        let stat = process.stat().ok()?;
        let executable = process.exe().ok();
        let words = process.cmdline().ok().filter(|words| !words.is_empty());
        let cgroups = process.cgroups().ok();
        // The unified hierarchy has the number 0; a host without it names systemd's own.
        let cgroup = cgroups.and_then(|all| {
            let mut all = all.0.into_iter();
            let systemd = |one: &procfs::ProcessCGroup| {
                one.hierarchy == 0 || one.controllers.iter().any(|it| it == "name=systemd")
            };
            all.find(systemd)
        });
        let identity = self.lookup.of_process(pid);
        let uid = ProcessStatus::read(pid).and_then(|it| it.number("Uid", 1));
        let path = cgroup.map(|one| one.pathname);
        Some(Known {
            program: Program {
                pid,
                comm: harmless(&stat.comm),
                executable: executable.map(|path| harmless(&path.to_string_lossy())),
                command_line: words.map(|words| self.redaction.shown(&words.join(" "))),
            },
            parent: u32::try_from(stat.ppid).unwrap_or(0),
            start: stat.starttime,
            user: uid.map(|uid| self.user(uid)),
            container: path.as_deref().and_then(|path| container(path, &identity)),
            cgroup: path.map(|path| harmless(&path)),
            unit: identity.and_then(|it| it.unit).map(|unit| harmless(&unit)),
        })
    }

    fn user(&mut self, uid: u32) -> User {
        let look = || {
            let user = nix::unistd::User::from_uid(Uid::from_raw(uid)).ok()??;
            Some(harmless(&user.name))
        };
        let name = self.users.entry(uid).or_insert_with(look).clone();
        User { uid, name }
    }
}

/// The container that a process of this cgroup is in, as far as its runtime's files tell of it.
fn container(cgroup: &str, identity: &Option<Identity>) -> Option<Container> {
    let identity = identity.as_ref()?;
    identity.container_id.as_ref()?;
    let place = Place::of_path(cgroup).container?;
    let text = |text: &Option<String>| text.as_deref().map(harmless);
    let pod = identity.pod.as_ref();
    Some(Container {
        id: harmless(&place.id),
        runtime: Some(place.runtime.name().to_owned()),
        name: text(&identity.container),
        image: text(&identity.image),
        namespace: pod.map(|pod| harmless(&pod.namespace)),
        pod: pod.map(|pod| harmless(&pod.name)),
    })
}

#[cfg(test)]
mod tests {
    use super::container;
    use crate::service::host::Host;
    use crate::service::identity::{Lookup, Rules};

    #[test]
    fn a_container_has_its_whole_id_and_what_its_runtime_left_of_it() {
        let id = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
        let folder = tempfile::tempdir().expect("a folder");
        let files = folder
            .path()
            .join(format!("var/lib/docker/containers/{id}"));
        std::fs::create_dir_all(&files).expect("made");
        let config = r#"{"Name":"/web\u001b[2J","Config":{"Image":"nginx:1.25"}}"#;
        std::fs::write(files.join("config.v2.json"), config).expect("written");
        let mut lookup = Lookup::new(Host::at(folder.path()), Rules::default());
        let cgroup = format!("/system.slice/docker-{id}.scope");
        let found = container(&cgroup, &lookup.of_cgroup(&cgroup)).expect("one");
        assert_eq!(found.id, id);
        assert_eq!(found.runtime.as_deref(), Some("docker"));
        assert_eq!(found.image.as_deref(), Some("nginx:1.25"));
        assert!(found.name.is_some_and(|name| !name.contains('\u{1b}')));
        assert_eq!(container("/user.slice", &None), None);
    }
}
