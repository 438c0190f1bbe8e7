use super::{Executable, Release, exec_start, executable, package_of};
use crate::service::host::Host;
use std::path::Path;

fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
    let folder = tempfile::tempdir().expect("a folder");
    let host = Host::at(folder.path());
    for (path, text) in files {
        let path = host.path(path);
        std::fs::create_dir_all(path.parent().expect("one")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    (folder, host)
}

#[test]
fn the_package_of_a_file_is_found_with_its_version() {
    let (_folder, host) = host(&[
        ("/var/lib/dpkg/info/nginx-common.list", "/.\n/etc/nginx\n"),
        (
            "/var/lib/dpkg/info/nginx-light:amd64.list",
            "/.\n/usr/sbin/nginx\n",
        ),
        ("/var/lib/dpkg/info/bash.list", "/bin/bash\n"),
        (
            "/var/lib/dpkg/status",
            "Package: bash\nVersion: 5.2\n\nPackage: nginx-light\nStatus: x\nVersion: \
             1.22.1-9\n\nPackage: z\n",
        ),
    ]);
    let of = |path: &str| package_of(&host, Path::new(path));
    assert_eq!(
        of("/usr/sbin/nginx"),
        Some(("nginx-light".into(), "1.22.1-9".into()))
    );
    assert_eq!(of("/usr/bin/bash"), Some(("bash".into(), "5.2".into())));
    assert_eq!(of("/opt/own"), None);
}

#[test]
fn exec_start_is_the_units_with_what_was_dropped_in() {
    let (_folder, host) = host(&[
        (
            "/lib/systemd/system/web@.service",
            "[Service]\nExecStart=/usr/bin/web %i\n",
        ),
        (
            "/etc/systemd/system/web@.service.d/a.conf",
            "[Service]\nExecStart=\nExecStart=/bin/x\n",
        ),
    ]);
    let lines = exec_start(&host, "web@1.service").expect("found");
    assert_eq!(
        lines,
        "ExecStart=/usr/bin/web %i\nExecStart=\nExecStart=/bin/x"
    );
    assert_eq!(exec_start(&host, "none.service"), None);
    assert_eq!(exec_start(&host, "../x"), None);
}

#[test]
fn a_change_is_told_in_words_and_a_rebuilt_file_of_the_same_bytes_is_none() {
    let package = |version: &str| Release {
        packages: [("nginx".to_owned(), version.to_owned())].into(),
        ..Release::default()
    };
    let told = package("1.22").change(&package("1.24"));
    assert_eq!(told.as_deref(), Some("nginx: 1.22 → 1.24"));
    assert_eq!(package("1.22").change(&package("1.22")), None);
    assert_eq!(package("1.22").change(&Release::default()), None);
    let file = |path: &str, inode: u64, sha256: &str| Release {
        executables: [(
            path.to_owned(),
            Executable {
                stamp: (inode, 0, 0, 0),
                sha256: Some(sha256.into()),
                ..Executable::default()
            },
        )]
        .into(),
        ..Release::default()
    };
    assert_eq!(file("/x", 1, "a").change(&file("/x", 2, "a")), None);
    assert_eq!(file("/x", 1, "a").change(&file("/y", 2, "b")), None);
    let told = file("/x", 1, "a").change(&file("/x", 2, "b"));
    assert_eq!(told.as_deref(), Some("executable /x"));
    let image = |digest: &str| Release {
        image: Some(("web:1".into(), digest.into())),
        ..Release::default()
    };
    let told = image("sha256:aa").change(&image("sha256:bb"));
    assert_eq!(told.as_deref(), Some("image web:1: aa → bb"));
    let mut known = package("1.22");
    known.take_up(file("/x", 1, "a"), true);
    assert_eq!(known.words().as_deref(), Some("nginx 1.22"));
    assert_eq!(known.executables.len(), 1);
}

#[test]
fn a_service_is_named_by_what_it_is_and_not_by_what_it_runs() {
    let run = |path: &str, package: &str| {
        let executable = Executable {
            package: Some(package.into()),
            ..Executable::default()
        };
        Release {
            packages: [(package.to_owned(), "1".to_owned())].into(),
            executables: [(path.to_owned(), executable)].into(),
            first: Some(path.to_owned()),
            ..Release::default()
        }
    };
    let mut known = run("/usr/sbin/nginx", "nginx");
    known.take_up(run("/bin/dash", "dash"), true);
    assert_eq!(known.words().as_deref(), Some("nginx 1"));
    // A shell was seen first, as of a unit with a start script, or of one that an attacker began.
    let mut known = run("/bin/dash", "dash");
    known.take_up(run("/usr/sbin/nginx", "nginx"), true);
    assert_eq!(known.words().as_deref(), Some("dash 1"));
    known.exec_start = Some("ExecStart=\nExecStart=-/usr/sbin/nginx -g x".into());
    assert_eq!(known.words().as_deref(), Some("nginx 1"));
}

#[test]
fn who_was_taken_over_makes_itself_no_other_release() {
    let ran = |path: &str, sha256: &str, is_own: bool| {
        let executable = Executable {
            sha256: Some(sha256.into()),
            is_own,
            ..Executable::default()
        };
        Release {
            executables: [(path.to_owned(), executable)].into(),
            ..Release::default()
        }
    };
    let mut known = ran("/usr/sbin/nginx", "a", false);
    // What is run for the first time while it is watched is not remembered.
    known.take_up(ran("/tmp/x", "b", true), false);
    assert_eq!(known.change(&ran("/tmp/x", "c", true)), None);
    assert_eq!(known.executables.len(), 1);
    // A service that runs what it can write to, or came to.
    known.take_up(ran("/srv/app/run", "b", true), true);
    assert_eq!(known.change(&ran("/srv/app/run", "c", true)), None);
    assert_eq!(known.change(&ran("/usr/sbin/nginx", "b", true)), None);
    let told = known.change(&ran("/usr/sbin/nginx", "b", false));
    assert_eq!(told.as_deref(), Some("executable /usr/sbin/nginx"));
}

#[test]
fn an_executable_is_its_runners_own_when_that_can_write_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program");
    std::fs::write(&path, "x").expect("written");
    let mode = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&path, permissions).expect("set");
    };
    let me = nix::unistd::geteuid().as_raw();
    let is_own = |runner| executable(&path, Some(runner), None).map(|it| it.is_own);
    mode(0o755);
    assert_eq!(
        is_own(me),
        Some(me != 0),
        "root's own files are of a release"
    );
    assert_eq!(is_own(me + 1), Some(false));
    mode(0o757);
    assert_eq!(is_own(me + 1), Some(true), "everybody writes to it");
}
