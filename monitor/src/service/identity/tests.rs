use super::{Identity, Lookup, Rules};
use crate::service::host::Host;
use crate::service::key::Key;

const ID: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";

/// A host with processes of these numbers: parent, cgroup.
fn host(processes: &[(u32, u32, &str)]) -> (tempfile::TempDir, Host) {
    let folder = tempfile::tempdir().expect("a folder");
    let host = Host::at(folder.path());
    std::fs::create_dir_all(host.path("/proc/self")).expect("made");
    for &(pid, parent, cgroup) in processes {
        let at = host.path(format!("/proc/{pid}"));
        std::fs::create_dir_all(&at).expect("made");
        let stat = format!("{pid} (a) b (c)) S {parent} 1 1");
        std::fs::write(at.join("stat"), stat).expect("written");
        std::fs::write(at.join("cgroup"), cgroup.replace("ID", ID)).expect("written");
        let program = format!("/usr/bin/program-{pid}");
        std::os::unix::fs::symlink(program, at.join("exe")).expect("linked");
    }
    (folder, host)
}

fn key(host: &Host, pid: u32) -> Option<String> {
    let mut lookup = Lookup::new(host.clone(), Rules::default());
    lookup.of_process(pid).map(|it| it.key.to_string())
}

#[test]
fn a_process_is_of_its_container_its_unit_or_its_trees_root() {
    let (_folder, host) = host(&[
        (10, 1, "0::/system.slice/nginx.service\n"),
        (11, 10, "0::/docker/ID\n"),
        (20, 1, "0::/\n"),
        (21, 20, "0::/\n"),
        (22, 21, "0::/\n"),
        (30, 1, "0::/user.slice/user-0.slice/session-1.scope\n"),
        (2, 0, "0::/\n"),
        (40, 2, "0::/\n"),
    ]);
    assert_eq!(key(&host, 10).as_deref(), Some("unit:nginx.service"));
    assert_eq!(key(&host, 11).as_deref(), Some("container:3ad7b26ded6d"));
    for pid in [20, 21, 22] {
        assert_eq!(key(&host, pid).as_deref(), Some("exe:/usr/bin/program-20"));
    }
    assert_eq!(key(&host, 30), None, "a login session");
    assert_eq!(key(&host, 40), None, "a thread of the kernel");
    assert_eq!(key(&host, 99), None, "no such process");
}

#[test]
fn a_containers_name_is_taken_up_when_its_file_comes() {
    let (_folder, host) = host(&[(11, 1, "0::/docker/ID\n")]);
    let mut lookup = Lookup::new(host.clone(), Rules::default());
    let before = lookup.of_process(11).expect("it runs");
    assert_eq!(before.container, None);
    let folder = host.path(format!("/var/lib/docker/containers/{ID}"));
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("config.v2.json"), r#"{"Name":"/web"}"#).expect("written");
    let after = lookup.of_process(11).expect("it runs");
    assert_eq!(after.key, Key::container("web"));
    assert_eq!(after.container_id.as_deref(), Some("3ad7b26ded6d"));
}

#[test]
fn replicas_are_one_service_each_with_its_own_name() {
    let other = ID.replace('3', "4");
    let (_folder, host) = host(&[
        (11, 1, "0::/docker/ID\n"),
        (12, 1, &format!("0::/docker/{other}\n")),
    ]);
    for (id, name) in [(ID, "shop-web-1"), (&other, "shop-web-2")] {
        let folder = host.path(format!("/var/lib/docker/containers/{id}"));
        std::fs::create_dir_all(&folder).expect("made");
        let labels = r#"{"com.docker.compose.project":"shop","com.docker.compose.service":"web"}"#;
        let text = format!(r#"{{"Name":"/{name}","Config":{{"Labels":{labels}}}}}"#);
        std::fs::write(folder.join("config.v2.json"), text).expect("written");
    }
    let mut lookup = Lookup::new(host, Rules::default());
    for (pid, name) in [(11, "shop-web-1"), (12, "shop-web-2")] {
        let found = lookup.of_process(pid).expect("it runs");
        assert_eq!(found.key, Key::container("shop/web"));
        assert_eq!(found.container.as_deref(), Some(name));
    }
}

#[test]
fn users_units_are_services_when_that_is_asked() {
    let path = "/user.slice/user-7.slice/user@7.service/app.slice/sync.service";
    let (_folder, host) = host(&[]);
    let of = |user_units| {
        let mut lookup = Lookup::new(host.clone(), Rules { user_units });
        lookup.of_cgroup(path).map(|it: Identity| it.key)
    };
    assert_eq!(of(false), Some(Key::unit("user@7.service")));
    assert_eq!(of(true), Some(Key::user_unit(7, "sync.service")));
}

#[test]
fn a_pod_without_files_of_its_runtime_is_named_by_its_logs() {
    let uid = "04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5";
    let (_folder, host) = host(&[]);
    let log = host.path(format!("/var/log/pods/shop_web_{uid}/nginx"));
    std::fs::create_dir_all(log).expect("made");
    let path = format!("/kubepods/burstable/pod{uid}/{ID}");
    let found = Lookup::new(host, Rules::default()).of_cgroup(&path);
    assert_eq!(
        found.map(|it| it.key),
        Some(Key::pod("shop", "web", "nginx"))
    );
}
