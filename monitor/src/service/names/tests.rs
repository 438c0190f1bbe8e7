use std::fs;

use super::{Names, PodName, of, of_pod};
use crate::service::cgroup::Place;
use crate::service::host::Host;

const ID: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
const UID: &str = "04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5";

fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
    let folder = tempfile::tempdir().expect("a folder");
    let host = Host::at(folder.path());
    for (path, text) in files {
        let path = host.path(path.replace("ID", ID));
        fs::create_dir_all(path.parent().expect("one")).expect("made");
        fs::write(path, text).expect("written");
    }
    (folder, host)
}

fn names(host: &Host, path: &str) -> Option<Names> {
    let container = Place::of_path(&path.replace("ID", ID)).container;
    of(host, &container.expect("a container"))
}

#[test]
fn docker_tells_name_image_and_its_digest() {
    let (_folder, host) = host(&[(
        "/var/lib/docker/containers/ID/config.v2.json",
        r#"{"State":{},"Name":"/web","Image":"sha256:abc","Config":{"Image":"nginx:1.25","Labels":{"a":"b"}}}"#,
    )]);
    let names = names(&host, "/docker/ID").expect("known");
    assert_eq!(names.name.as_deref(), Some("web"));
    assert_eq!(names.image.as_deref(), Some("nginx:1.25"));
    assert_eq!(names.digest.as_deref(), Some("sha256:abc"));
    assert_eq!(names.pod, None);
}

#[test]
fn containerd_tells_the_pod_wherever_its_tasks_are() {
    let config = format!(
        r#"{{"annotations":{{"io.kubernetes.cri.container-name":"nginx",
        "io.kubernetes.cri.container-type":"container","io.kubernetes.cri.image-name":"docker.io/nginx:1",
        "io.kubernetes.cri.sandbox-name":"web-7d4b9c6f5-x2x9k","io.kubernetes.cri.sandbox-namespace":"shop",
        "io.kubernetes.cri.sandbox-uid":"{UID}"}}}}"#
    );
    for at in [
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json",
        "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json",
        "/run/containerd/io.containerd.runtime.v2.task/other/ID/config.json",
    ] {
        let (_folder, host) = host(&[(at, &config)]);
        let names = names(&host, "/system.slice/cri-containerd-ID.scope").expect("known");
        assert_eq!(names.name.as_deref(), Some("nginx"));
        let pod = names.pod.expect("a pod");
        assert_eq!(
            (&*pod.namespace, &*pod.name),
            ("shop", "web-7d4b9c6f5-x2x9k")
        );
        assert_eq!(pod.uid.as_deref(), Some(UID));
    }
}

#[test]
fn crio_tells_the_workload_by_its_labels() {
    let (_folder, host) = host(&[(
        "/run/containers/storage/overlay-containers/ID/userdata/config.json",
        r#"{"annotations":{"io.kubernetes.pod.name":"web-7d4b9c6f5-x2x9k","io.kubernetes.pod.namespace":"shop",
        "io.kubernetes.container.name":"nginx","io.kubernetes.cri-o.ImageRef":"sha256:1",
        "io.kubernetes.cri-o.Labels":"{\"pod-template-hash\":\"7d4b9c6f5\"}","io.container.manager":"cri-o"}}"#,
    )]);
    let names = names(&host, "/kubepods.slice/crio-ID.scope").expect("known");
    let pod = names.pod.expect("a pod");
    assert_eq!(pod.workload, "web");
    assert_eq!(names.digest.as_deref(), Some("sha256:1"));
}

#[test]
fn what_holds_a_pods_namespaces_is_not_one_of_its_containers() {
    let (_folder, host) = host(&[(
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json",
        r#"{"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-0",
        "io.kubernetes.cri.sandbox-namespace":"shop"}}"#,
    )]);
    let names = names(&host, "/kubepods.slice/cri-containerd-ID.scope").expect("known");
    assert_eq!(names.name.as_deref(), Some("POD"));
}

#[test]
fn podman_names_containers_that_are_removed_at_their_end() {
    for file in ["containers.json", "volatile-containers.json"] {
        let at = format!("/var/lib/containers/storage/overlay-containers/{file}");
        let entries = format!(r#"[{{"id":"0"}},{{"id":"{ID}","names":["web"],"image":"9f"}}]"#);
        let (_folder, host) = host(&[(&at, &entries)]);
        let names = names(&host, "/libpod_parent/libpod-ID").expect("known");
        assert_eq!(names.name.as_deref(), Some("web"), "{file}");
        assert_eq!(names.digest.as_deref(), Some("9f"));
    }
}

#[test]
fn podman_of_a_user_has_its_store_in_the_home() {
    let at = "/home/ann/.local/share/containers/storage/overlay-containers/containers.json";
    let (_folder, host) = host(&[(at, &format!(r#"[{{"id":"{ID}","names":["db"]}}]"#))]);
    let path = "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope";
    assert_eq!(
        names(&host, path).and_then(|it| it.name).as_deref(),
        Some("db")
    );
}

#[test]
fn ctr_is_believed_where_its_task_is() {
    let at = "/run/containerd/io.containerd.runtime.v2.task/default/web/config.json";
    let (_folder, host) = host(&[(at, "{}")]);
    assert_eq!(
        names(&host, "/default/web")
            .and_then(|it| it.name)
            .as_deref(),
        Some("web")
    );
    assert_eq!(names(&host, "/default/other"), None);
}

#[test]
fn the_log_folder_tells_a_pod_by_its_uid() {
    let at = format!("/var/log/pods/shop_web-0_{UID}/nginx/0.log");
    let (_folder, host) = host(&[(&at, "")]);
    let names = of_pod(&host, UID).expect("known");
    assert_eq!(names.name.as_deref(), Some("nginx"));
    let pod = PodName {
        namespace: "shop".into(),
        name: "web-0".into(),
        workload: "web-0".into(),
        uid: Some(UID.into()),
    };
    assert_eq!(names.pod, Some(pod));
    assert_eq!(of_pod(&host, "another"), None);
}

#[test]
fn hostile_files_tell_nothing_and_do_no_harm() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "null",
        "[]",
        r#"{"Name":7}"#,
        &deep,
        r#"{"annotations":[]}"#,
        "\u{0}",
    ] {
        let (_folder, host) = host(&[
            ("/var/lib/docker/containers/ID/config.v2.json", text),
            (
                "/var/lib/containers/storage/overlay-containers/containers.json",
                text,
            ),
            (
                "/run/containers/storage/overlay-containers/ID/userdata/config.json",
                text,
            ),
        ]);
        for path in ["/docker/ID", "/libpod_parent/libpod-ID"] {
            let name = names(&host, path).and_then(|it| it.name);
            assert_eq!(name, None, "{text:.20}");
        }
    }
    let long = format!(r#"{{"Name":"/{}"}}"#, "x".repeat(100_000));
    let (_folder, host) = host(&[("/var/lib/docker/containers/ID/config.v2.json", &long)]);
    let name = names(&host, "/docker/ID").and_then(|it| it.name);
    assert_eq!(name.map(|it| it.len()), Some(super::LONGEST));
}
