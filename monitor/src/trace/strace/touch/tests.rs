use super::{details, outcome};
use crate::detail::Outcome;

/// Text and expected detail; the lines are what strace 6.1 prints.
fn told(name: &str, rest: &str) -> Option<String> {
    let mut details = details(name.as_bytes(), rest.as_bytes(), 77);
    details.next().map(|detail| detail.to_string())
}

#[test]
fn the_forms_of_strace_become_the_same_details_as_the_kernels() {
    for (name, rest, expected) in [
        (
            "open",
            r#""/etc/passwd", O_RDONLY) = 3"#,
            "read:/etc/passwd",
        ),
        (
            "openat",
            r#"AT_FDCWD</srv, x>, "/etc/cron.d/x", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3</etc/cron.d/x>"#,
            "create:/etc/cron.d/x",
        ),
        (
            "openat",
            r#"AT_FDCWD, "\x2f\57a", O_RDWR) = 3"#,
            "write://a",
        ),
        (
            "openat",
            r#"AT_FDCWD, 0x7f01, O_RDONLY) = -1 EFAULT (Bad address)"#,
            "read:?",
        ),
        (
            "openat2",
            r#"AT_FDCWD, "/a", {flags=O_WRONLY|O_CREAT, mode=0600, resolve=0}, 24) = 3"#,
            "create:/a",
        ),
        (
            "execve",
            r#""/bin/sh", ["sh", "-c", "id, x"], 0x7ffd /* 9 vars */) = 0"#,
            "execute:/bin/sh",
        ),
        ("rename", r#""/a", "/b""#, "rename:/b"),
        (
            "sendmsg",
            r#"3, {msg_name={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, msg_namelen=16, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 1"#,
            "send:10.0.0.1:53",
        ),
        (
            "connect",
            r#"3<TCP:[1->2]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}, 16) = 0"#,
            "connect:10.0.0.1:80",
        ),
        (
            "connect",
            r#"3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0"#,
            "connect:[::1]:443",
        ),
        (
            "connect",
            r#"3, {sa_family=AF_UNIX, sun_path="/run/docker.sock"}, 110) = 0"#,
            "connect:unix:/run/docker.sock",
        ),
        (
            "connect",
            r#"3, {sa_family=AF_UNIX, sun_path=@"bus"}, 6) = 0"#,
            "connect:unix:@bus",
        ),
        (
            "bind",
            r#"3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0"#,
            "bind:family:16",
        ),
        (
            "mmap",
            "NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f",
            "memory:7",
        ),
        (
            "mprotect",
            "0x7f00, 4096, PROT_READ|PROT_EXEC) = 0",
            "memory:10",
        ),
        (
            "socket",
            "AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3",
            "socket:131073",
        ),
        (
            "clone",
            "child_stack=NULL, flags=CLONE_NEWUSER|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) \
             = 9",
            "clone:285212672",
        ),
        (
            "clone3",
            "{flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=0x7f}, 88) = 9",
            "clone:16640",
        ),
        ("unshare", "CLONE_NEWNS) = 0", "unshare:131072"),
        ("kill", "77, SIGTERM) = 0", "signal-own:15"),
        ("kill", "78, SIGKILL) = 0", "signal-other:9"),
        ("ptrace", "PTRACE_ATTACH, 78) = 0", "ptrace:16"),
        ("ioctl", "1, TCGETS, {c_iflag=ICRNL}) = 0", "ioctl:21505"),
        ("setresuid", "-1, 33, -1) = 0", "user:33"),
        (
            "process_vm_readv",
            r#"78, [{iov_base="x", iov_len=1}], 1, [], 1, 0) = 1"#,
            "foreign-memory:0",
        ),
    ] {
        assert_eq!(told(name, rest).as_deref(), Some(expected), "{name}({rest}");
    }
    assert_eq!(
        told("mmap", "NULL, 9, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f"),
        None
    );
    assert_eq!(told("sendto", r#"3, "x", 1, 0, NULL, 0) = 1"#), None);
    assert_eq!(told("read", r#"3, "x", 1) = 1"#), None);
}

#[test]
fn a_file_that_gets_another_name_is_named_by_both() {
    let all = |name: &str, rest: &str| {
        let details = details(name.as_bytes(), rest.as_bytes(), 77);
        let texts: Vec<_> = details.map(|detail| detail.to_string()).collect();
        texts.join(" ")
    };
    assert_eq!(
        all("rename", r#""/a", "/b") = 0"#),
        "rename:/b rename-from:/a"
    );
    assert_eq!(
        all(
            "linkat",
            r#"AT_FDCWD, "/etc/shadow", 3</tmp>, "/tmp/x", 0) = 0"#
        ),
        "link:/tmp/x link-from:/etc/shadow"
    );
    assert_eq!(
        all("symlink", r#""/etc/shadow", "/tmp/x") = 0"#),
        "link:/tmp/x link-from:/etc/shadow"
    );
    assert_eq!(all("symlink", r#""../a", "/tmp/x") = 0"#), "link:/tmp/x");
    let unnamed = r#"3, {msg_name=NULL, msg_namelen=0, msg_iov=[], msg_iovlen=0}, 0) = 1"#;
    assert_eq!(all("sendmsg", unnamed), "");
}

#[test]
fn no_text_is_too_short_or_too_odd() {
    let line = br#"AT_FDCWD</a>, "/etc/\"x", O_RDONLY|O_CREAT, {a=[1, "2"]}) = 3"#;
    for end in 0..line.len() {
        for name in ["openat", "openat2", "connect", "clone3", "kill", "mmap"] {
            let _ = details(name.as_bytes(), &line[..end], 1).count();
        }
    }
}

#[test]
fn the_outcome_stands_behind_the_last_equals_sign() {
    for (rest, expected) in [
        (r#""a = b", O_RDONLY) = 3"#, Some(Outcome::Ok)),
        (") = 0x7f0000", Some(Outcome::Ok)),
        (") = -1 EACCES (Permission denied)", Some(Outcome::Denied)),
        (
            ") = -1 ENOENT (No such file or directory) <0.000010>",
            Some(Outcome::NotThere),
        ),
        (
            ") = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
            Some(Outcome::Interrupted),
        ),
        (") = ?", None),
        ("AT_FDCWD, \"/a\", O_RDONLY <unfinished ...>", None),
    ] {
        assert_eq!(outcome(rest.as_bytes()), expected, "{rest}");
    }
}
