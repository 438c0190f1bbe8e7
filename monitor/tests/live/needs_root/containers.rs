//! How a process that executes a program is placed: whether a container may begin with it.

use std::time::Duration;

use monitor::service::host::Host;
use monitor::syscall::event::{EventKind, ServiceId};

use super::shares::Waiting;
use crate::harness::{options, watch_services};

#[test]
#[ignore = "needs root"]
fn what_a_runtime_executes_in_a_containers_cgroup_is_told_from_the_containers_program() {
    let root = Host::at("/").cgroups().expect("cgroups of version 2");
    let cgroup = root.join(format!("monitor-test-{}-container", std::process::id()));
    std::fs::create_dir(&cgroup).expect("root may");
    let join = format!("echo $$ > {}/cgroup.procs", cgroup.display());
    // As a runtime does: it is in the cgroup, makes the mounts, and executes what is asked.
    let mut container = Waiting::new(&format!(
        "/bin/true; {join}; exec unshare -m /bin/sh -c '/bin/true; :'"
    ));
    let pid = container.pid();
    let mut asked = options();
    asked.by_cgroup = true;
    asked.duration = Some(Duration::from_secs(2));
    let seen = watch_services(asked, vec![(pid, ServiceId(2))], move || {
        container.go();
        container.wait();
    });
    std::fs::remove_dir(&cgroup).expect("empty");
    let execs = seen.events.iter().filter(|it| it.kind == EventKind::Exec);
    let execs: Vec<_> = execs
        .map(|it| {
            let service = it.service;
            assert_eq!(service.without_marks(), ServiceId(2));
            let marks = (service.has_moved(), service.has_parents_mounts());
            (it.thread.tgid == pid, it.comm.to_string(), marks)
        })
        .collect();
    let own: Vec<_> = execs.iter().filter(|it| it.0).collect();
    let own: Vec<_> = own.iter().map(|it| (it.1.as_str(), it.2)).collect();
    assert_eq!(
        own,
        [("unshare", (true, true)), ("sh", (true, false))],
        "{execs:?}"
    );
    // Whatever a process in its place runs has not moved.
    let children = execs.iter().filter(|it| !it.0);
    assert!(children.clone().count() > 0);
    assert!(
        children.clone().all(|it| it.2 == (false, false)),
        "{execs:?}"
    );
}
