use super::{LIST, of};
use crate::detail::Detail;

fn line(text: &str) -> Option<&'static str> {
    let detail: Detail = text.parse().expect("a detail");
    of(&detail.generalised(77)).map(|line| line.what)
}

#[test]
fn what_is_listed_is_heavy_and_what_services_do_is_not() {
    for text in [
        "read:/etc/shadow",
        "read:/srv/www/../../etc/shadow-",
        "read:/etc/nginx/tls/site.key",
        "read:/home/ann/.ssh/id_ed25519",
        "read:/proc/1/environ",
        "write:/proc/78/mem",
        "write:/proc/self/mem",
        "create:/etc/cron.d/x",
        "create:/var/spool/cron/crontabs/root",
        "create:/root/.ssh/authorized_keys",
        "create:/etc/systemd/system/x.service",
        "create:/etc/ld.so.preload",
        "read:/etc/ld.so.preload",
        "write:/usr/bin/sudo",
        "connect:unix:/run/docker.sock",
        "connect:169.254.169.254:80",
        "memory:3",
        "memory:6",
        "memory:11",
        "execute:/proc/self/fd/5",
        "execute:",
        "execute-written:/tmp/x",
        "unshare:268435456",
        "foreign-memory:1",
        "ptrace:16",
        "read:/proc/1/root/etc/hostname",
        "link-from:/etc/shadow",
        "rename-from:/root/.ssh/id_rsa",
        "read-private:/srv/app/conf",
    ] {
        assert!(line(text).is_some(), "{text}");
    }
    for text in [
        "read:/etc/passwd",
        "read:/etc/ld.so.cache",
        "read:/etc/ssl/certs/ca.pem",
        "read:/proc/self/maps",
        "create:/var/log/nginx/access.log",
        "connect:10.0.0.1:5432",
        "connect:unix:/run/postgresql/.s.PGSQL.5432",
        "memory:2",
        "execute:/usr/bin/id",
        "clone:4001536",
        "create:/usr/lib/python3/__pycache__/x.pyc.1",
        "ptrace:0",
    ] {
        assert_eq!(line(text), None, "{text}");
    }
}

#[test]
fn every_line_says_what_it_matches_and_who_says_so() {
    for one in LIST {
        assert!(!one.what.is_empty() && !one.matches.is_empty() && !one.source.is_empty());
        let technique = one.technique.is_none_or(|it| it.starts_with('T'));
        assert!(technique, "{}", one.what);
    }
}
