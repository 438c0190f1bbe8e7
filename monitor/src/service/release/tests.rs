use super::{Executable, Release, exec_start, package_of};
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
    known.take_up(file("/x", 1, "a"));
    assert_eq!(known.words().as_deref(), Some("nginx 1.22"));
    assert_eq!(known.executables.len(), 1);
}
