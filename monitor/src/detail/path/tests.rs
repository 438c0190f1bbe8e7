use super::PathText;

fn general(path: &str) -> String {
    PathText::new(path.as_bytes()).generalised(77).to_string()
}

#[test]
fn what_programs_make_up_becomes_a_wildcard() {
    for (path, expected) in [
        (
            "/var/log/app/access.log.12.gz",
            "/var/log/app/access.log.*.gz",
        ),
        ("/var/log/app-2026-11-26.log", "/var/log/app-*.log"),
        ("/srv/up/photo-17.jpg", "/srv/up/photo-*.jpg"),
        ("/srv/up/550e8400-e29b-41d4-a716-446655440000", "/srv/up/*"),
        (
            "/srv/cache/ab/d41d8cd98f00b204e9800998ecf8427e",
            "/srv/cache/ab/*",
        ),
        ("/tmp/tmp8a_k2xq1", "/tmp/tmp*"),
        ("/tmp/sess.aB3xYz9q", "/tmp/sess.*"),
        (
            "/var/lib/pg/base/16384/2619_fsm",
            "/var/lib/pg/base/*/*_fsm",
        ),
        (
            "/usr/lib/python3.12/json/__init__.py",
            "/usr/lib/python*.*/json/__init__.py",
        ),
        ("/tmp/tmpfiles", "/tmp/tmpfiles"),
        ("/srv/www/readme.html", "/srv/www/readme.html"),
    ] {
        assert_eq!(general(path), expected);
    }
}

#[test]
fn where_a_system_keeps_what_it_trusts_every_name_stays() {
    for path in [
        "/etc/shadow",
        "/etc/cron.d/job1234",
        "/root/.ssh/id_ed25519",
        "/home/ann/.ssh/id_rsa2048",
        "/var/spool/cron/crontabs/www1",
        "/usr/bin/python3",
        "/boot/vmlinuz-6.1",
    ] {
        assert_eq!(general(path), path);
    }
}

#[test]
fn a_path_is_told_by_where_it_leads() {
    assert_eq!(general("/srv/www/../../etc//shadow"), "/etc/shadow");
    assert_eq!(general("/../../etc/./passwd"), "/etc/passwd");
    assert_eq!(general("../up"), "../up");
    assert_eq!(general("a/../../b"), "../b");
    assert_eq!(general(""), ".");
    assert_eq!(general("/"), "/");
}

#[test]
fn a_process_is_itself_the_first_or_another() {
    assert_eq!(general("/proc/77/maps"), "/proc/self/maps");
    assert_eq!(general("/proc/78/mem"), "/proc/*/mem");
    assert_eq!(general("/proc/1/environ"), "/proc/1/environ");
    assert_eq!(general("/proc/self/fd/12"), "/proc/self/fd/*");
}

#[test]
fn a_hostile_path_cannot_steer_a_terminal_nor_pass_for_a_wildcard() {
    let path = PathText::new(b"/a*\x1b[2J\nb");
    assert_eq!(path.to_string(), "/a\\x2a\\x1b[2J\\nb");
}
