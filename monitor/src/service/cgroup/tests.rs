//! The table of paths; where a path comes from another project's tests or documents, that is named.

use super::{Container, Place, Runtime};

const ID: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
const OTHER: &str = "be3ee4d19e8e7c4c2b2c34aa42ffb4ef5dd3a1b3a3d0b3a7d8a8a1c3de9f5c60";

fn of(pattern: &str) -> Place {
    Place::of_path(&pattern.replace("<hex>", ID).replace("<other>", OTHER))
}

fn container(pattern: &str) -> Option<(Runtime, String)> {
    of(pattern).container.map(|it| (it.runtime, it.id))
}

#[test]
fn every_pattern_of_the_table_is_its_runtimes() {
    for (pattern, runtime) in [
        // Falco, Tracee, Laurel: the systemd driver of docker.
        ("/system.slice/docker-<hex>.scope", Runtime::Docker),
        ("/docker.slice/docker-<hex>.scope", Runtime::Docker),
        // Tracee: cgroupfs, and the runners of GitHub.
        ("/docker/<hex>", Runtime::Docker),
        ("/actions_job/<hex>", Runtime::Docker),
        // All four: containerd of Kubernetes.
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1b011081_6e8e_4839_b225_4685eae5fd59.slice/cri-containerd-<hex>.scope",
            Runtime::Containerd,
        ),
        // Falco, Tracee, Tetragon: without SystemdCgroup.
        (
            "/system.slice/containerd.service/kubepods-burstable-podbd12dd3393227d950605a2444b13c27a.slice:cri-containerd:<hex>",
            Runtime::Containerd,
        ),
        // Tracee: cgroupfs.
        (
            "/kubepods/besteffort/pod88f049f6-4e2b-4e0e-9e0e-0b6d43fa7f68/<hex>",
            Runtime::Containerd,
        ),
        (
            "/kubepods/burstable/podb1b6be1b-b0f2-4b2a-9c28-0f3b2a3a7d6f/<hex>",
            Runtime::Containerd,
        ),
        (
            "/kubepods/podb1b6be1b-b0f2-4b2a-9c28-0f3b2a3a7d6f/<hex>",
            Runtime::Containerd,
        ),
        (
            "/kubepods.slice/kubepods-pod88f049f6_4e2b_4e0e_9e0e_0b6d43fa7f68.slice/crio-<hex>.scope",
            Runtime::Crio,
        ),
        (
            "/kubepods/burstable/pod88f049f6-4e2b-4e0e-9e0e-0b6d43fa7f68/crio-<hex>",
            Runtime::Crio,
        ),
        // Falco: podman as root, without root, and with cgroups=split.
        ("/machine.slice/libpod-<hex>.scope", Runtime::Podman),
        (
            "/machine.slice/libpod-<hex>.scope/container",
            Runtime::Podman,
        ),
        ("/libpod_parent/libpod-<hex>", Runtime::Podman),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-<hex>.scope/container",
            Runtime::Podman,
        ),
        (
            "/system.slice/web.service/libpod-payload-<hex>",
            Runtime::Podman,
        ),
        (
            "/user.slice/user-0.slice/session-85.scope/libpod-payload-<hex>.scope/container",
            Runtime::Podman,
        ),
        ("/system.slice/nerdctl-<hex>.scope", Runtime::Nerdctl),
        ("/default/nerdctl-<hex>", Runtime::Nerdctl),
        // Seen from a cgroup namespace beside.
        ("/../docker-<hex>.scope", Runtime::Docker),
        (
            "/../../kubepods-besteffort.slice/cri-containerd-<hex>.scope",
            Runtime::Containerd,
        ),
    ] {
        assert_eq!(container(pattern), Some((runtime, ID.into())), "{pattern}");
    }
}

#[test]
fn a_container_may_have_a_name_or_a_short_id() {
    for (path, runtime, id) in [
        ("/lxc/web", Runtime::Lxc, "web"),
        ("/lxc.payload/web", Runtime::Lxc, "web"),
        ("/lxc.payload.web", Runtime::Lxc, "web"),
        (
            "/lxc.payload.web/system.slice/cron.service",
            Runtime::Lxc,
            "web",
        ),
        (
            "/machine.slice/machine-lxc\\x2d2293906\\x2dlibvirt\\x2dcontainer.scope/libvirt",
            Runtime::Libvirt,
            "libvirt-container",
        ),
        ("/machine/web.libvirt-lxc", Runtime::Libvirt, "web"),
        (
            "/garden/2a53ab30-f0bf-4c4a-7b6b-2b35",
            Runtime::Garden,
            "2a53ab30-f0bf-4c4a-7b6b-2b35",
        ),
        (
            "/system.slice/runc-bpm-galera-agent.scope/bpm-galera-agent",
            Runtime::Bpm,
            "galera-agent",
        ),
        ("/default/test_container", Runtime::Ctr, "test_container"),
    ] {
        assert_eq!(container(path), Some((runtime, id.into())), "{path}");
    }
    let ctr = of("/default/web").container.expect("a candidate");
    assert!(ctr.doubtful, "a file has to confirm so short an id");
    assert_eq!(ctr.namespace.as_deref(), Some("default"));
    assert!(!of("/default/<hex>").container.expect("one").doubtful);
}

#[test]
fn what_watches_over_a_container_is_none() {
    for path in [
        "/system.slice/crio-conmon-<hex>.scope",
        "/machine.slice/libpod-conmon-<hex>.scope",
        "/libpod_parent/libpod-conmon-<hex>",
        "/lxc.monitor/web",
        "/lxc.monitor.web",
        "/system.slice/docker.service",
        "/system.slice/docker-abc.scope",
        "/user.slice/user-1000.slice",
        "/init.scope",
        "/",
        "",
    ] {
        assert_eq!(container(path), None, "{path}");
    }
}

#[test]
fn the_outermost_container_is_the_service_and_the_innermost_is_kept() {
    let place = of(
        "/kubepods.slice/kubepods-pod88f049f6_4e2b_4e0e_9e0e_0b6d43fa7f68.slice/cri-containerd-<hex>.scope/docker/<other>",
    );
    assert_eq!(place.container.map(|it| it.id), Some(ID.into()));
    assert_eq!(place.inner.map(|it| it.id), Some(OTHER.into()));
    assert_eq!(of("/docker/<hex>").inner, None);
    let nested = of("/docker/<hex>/system.slice/nginx.service");
    assert_eq!(
        nested.unit, None,
        "a unit in a container is the container's"
    );
}

#[test]
fn a_pods_uid_has_dashes_unless_it_is_static() {
    for (path, uid) in [
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod04e4ce3e_cf1d_4ac4_9b3d_3a8a8b9ae0b5.slice/crio-<hex>.scope",
            "04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5",
        ),
        (
            "/kubepods/besteffort/pod04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5/<hex>",
            "04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5",
        ),
        // A static pod's, from Falco's tests.
        (
            "/kubepods.slice/kubepods-podbd12dd3393227d950605a2444b13c27a.slice/cri-containerd-<hex>.scope",
            "bd12dd3393227d950605a2444b13c27a",
        ),
        (
            "/system.slice/containerd.service/kubepods-burstable-podbd12dd3393227d950605a2444b13c27a.slice:cri-containerd:<hex>",
            "bd12dd3393227d950605a2444b13c27a",
        ),
        // kind nests the kubelet's own.
        (
            "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod04e4ce3e_cf1d_4ac4_9b3d_3a8a8b9ae0b5.slice/cri-containerd-<hex>.scope",
            "04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5",
        ),
    ] {
        assert_eq!(of(path).pod.as_deref(), Some(uid), "{path}");
    }
    assert_eq!(of("/docker/<hex>").pod, None);
}

#[test]
fn a_unit_is_the_outermost_service_without_escapes() {
    let unit = |path| of(path).unit;
    assert_eq!(
        unit("/system.slice/nginx.service").as_deref(),
        Some("nginx.service")
    );
    assert_eq!(
        unit("/system.slice/system-postgresql.slice/postgresql@15-main.service").as_deref(),
        Some("postgresql@15-main.service")
    );
    // Laurel.
    assert_eq!(
        unit("/system.slice/dev-disk\\x2dby\\x2duuid.service/sub").as_deref(),
        Some("dev-disk-by-uuid.service")
    );
    assert_eq!(unit("/init.scope").as_deref(), Some("init.scope"));
    assert_eq!(
        unit("/system.slice/run-r1.scope").as_deref(),
        Some("run-r1.scope")
    );
    assert_eq!(
        unit("/system.slice/bad\\x2.service").as_deref(),
        Some("bad\\x2.service")
    );
    assert_eq!(unit("/user.slice/user-1000.slice/session-3.scope"), None);
    assert!(of("/user.slice/user-1000.slice/session-3.scope").session);
}

#[test]
fn a_users_unit_is_beside_the_systemd_that_runs_it() {
    let place = of("/user.slice/user-1000.slice/user@1000.service/app.slice/emacs.service");
    assert_eq!(place.unit.as_deref(), Some("user@1000.service"));
    assert_eq!(place.user_unit, Some((1000, "emacs.service".into())));
    let own = of("/user.slice/user-1000.slice/user@1000.service/init.scope");
    assert_eq!(own.user_unit, None);
}

#[test]
fn version_2_speaks_before_the_hierarchy_of_systemd() {
    let file = "12:pids:/system.slice/a.service\n1:name=systemd:/system.slice/a.service\n0::/system.slice/b.service\n";
    assert_eq!(Place::of_file(file).unit.as_deref(), Some("b.service"));
    let hybrid = "12:pids:/docker/x\n1:name=systemd:/system.slice/a.service\n0::/\n";
    assert_eq!(Place::of_file(hybrid).unit.as_deref(), Some("a.service"));
    assert_eq!(Place::of_file("garbage"), Place::default());
    assert_eq!(Place::of_file(""), Place::default());
}

#[test]
fn a_hostile_path_costs_no_more_than_its_length() {
    let long = "/a".repeat(100_000) + "/docker-" + ID;
    let place = Place::of_path(&long);
    assert_eq!(
        place.container.map(|it: Container| it.id.len()),
        Some(ID.len())
    );
}

#[test]
fn the_front_of_a_path_is_the_cgroup_of_the_service_itself() {
    let id = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
    let nested = format!("/system.slice/docker-{id}.scope/init.scope");
    let scope = format!("/system.slice/docker-{id}.scope");
    let split = format!("/system.slice/web.service/libpod-payload-{id}/sub");
    let payload = format!("/system.slice/web.service/libpod-payload-{id}");
    let user = "/user.slice/user-7.slice/user@7.service/app.slice/sync.service/x";
    for (path, user_units, front) in [
        (
            "/system.slice/nginx.service",
            false,
            Some("/system.slice/nginx.service"),
        ),
        (
            "/system.slice/nginx.service/a/b",
            false,
            Some("/system.slice/nginx.service"),
        ),
        (&*nested, false, Some(&*scope)),
        (&*split, false, Some(&*payload)),
        (user, false, Some("/user.slice/user-7.slice/user@7.service")),
        (
            user,
            true,
            Some("/user.slice/user-7.slice/user@7.service/app.slice/sync.service"),
        ),
        ("/", false, None),
        ("/system.slice", false, None),
    ] {
        assert_eq!(Place::front(path, user_units), front, "{path}");
    }
}
