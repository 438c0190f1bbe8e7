//! `monitor outputs test` against receivers: one of the test's own that checks Falco's rules, and
//! the real ones where they are installed.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{run, text};

/// Answers each POST with `status` and hands its path and body on.
fn receiver(status: &'static str) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let (received, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            loop {
                let mut head = Vec::new();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                        break;
                    }
                    head.push(line);
                }
                let Some(request) = head.first() else { break };
                let length = head.iter().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    let is_length = name.eq_ignore_ascii_case("content-length");
                    is_length.then(|| value.trim().parse().ok())?
                });
                let mut body = vec![0; length.expect("a length")];
                stream.read_exact(&mut body).expect("a body");
                let path = request.split(' ').nth(1).expect("a path").to_owned();
                let body = serde_json::from_slice(&body).expect("JSON");
                if received.send((path, body)).is_err() {
                    return;
                }
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                stream
                    .get_mut()
                    .write_all(answer.as_bytes())
                    .expect("taken");
            }
        }
    });
    (address, receiver)
}

/// What falcosidekick asks of a payload before it forwards it (`newFalcoPayload` and
/// `FalcoPayload.Check` in its sources), and what its outputs rely on.
fn check_as_falcosidekick(payload: &Value) {
    for name in ["output", "priority", "rule", "time", "source", "hostname"] {
        assert!(
            payload[name].as_str().is_some_and(|it| !it.is_empty()),
            "{name}: {payload}"
        );
    }
    let priorities = [
        "Emergency",
        "Alert",
        "Critical",
        "Error",
        "Warning",
        "Notice",
    ];
    assert!(priorities.contains(&payload["priority"].as_str().unwrap_or_default()));
    let time = payload["time"].as_str().unwrap_or_default();
    time.parse::<jiff::Timestamp>().expect("RFC 3339");
    let tags = payload["tags"].as_array().expect("a list");
    assert!(tags.iter().all(Value::is_string));
    let fields = payload["output_fields"].as_object().expect("an object");
    assert!(!fields.is_empty());
    for (name, value) in fields {
        assert!(value.is_string() || value.is_number(), "{name}: {value}");
        assert!(
            !name.starts_with("k8s.") || value.is_string(),
            "{name}: {value}"
        );
    }
    assert!(
        payload.to_string().len() < 4096,
        "its fields would be trimmed"
    );
}

#[test]
fn falcosidekick_gets_what_it_asks_for() {
    let (address, received) = receiver("200 OK");
    let ran = run(&["outputs", "test", &format!("falco+http://{address}/")]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.ends_with(": taken\n"), "{}", ran.out);
    for state in ["opened", "closed"] {
        let (path, payload) = received.recv().expect("sent");
        assert_eq!(path, "/");
        check_as_falcosidekick(&payload);
        assert_eq!(payload["output_fields"]["monitor.state"], state);
    }
}

#[test]
fn an_output_that_refuses_or_is_not_there_is_named_with_its_answer() {
    let (address, _received) = receiver("500 Internal Server Error");
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = gone.local_addr().expect("bound");
    drop(gone);
    let ran = run(&[
        "outputs",
        "test",
        &format!("http://user:secret@{address}/x"),
        &format!("syslog+tcp://{nobody}"),
    ]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[0].contains("status 500"), "{}", ran.out);
    assert!(lines[1].contains("refused"), "{}", ran.out);
    assert!(!ran.out.contains("secret"), "{}", ran.out);
    let ran = run(&["outputs", "test", "nats://x"]);
    ran.refused(2, &["nats://x", "give one of"]);
}

#[test]
fn a_program_gets_the_record_and_a_file_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("incidents.jsonl");
    let ran = run(&[
        "outputs",
        "test",
        "program:/bin/true",
        "program:/bin/false",
        &format!("file:{}", text(&file)),
    ]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines[0], "program /bin/true: taken");
    assert!(lines[1].contains("exit status: 1"), "{}", ran.out);
    let written = fs::read_to_string(&file).expect("made");
    assert_eq!(crate::harness::parse(&written).len(), 2);
}

/// A daemon of the test's own, ended with it.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &str, arguments: &[&str]) -> Option<Daemon> {
    if !Path::new(program).exists() {
        eprintln!("skipped: there is no {program} (install rsyslog and prometheus-alertmanager)");
        return None;
    }
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Some(Daemon(child.expect("starts")))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn rsyslog_reads_each_message_with_its_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (out, socket, port) = (at("out"), at("log"), free_port());
    let configuration = format!(
        r#"global(workDirectory="{folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{socket}")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{port}")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="{port}")
template(name="parts" type="string" string="%syslogfacility-text%|%syslogseverity-text%|%app-name%|%msgid%|%structured-data%|%msg%\n")
*.* action(type="omfile" file="{out}" template="parts")
"#,
        folder = text(folder.path()),
        socket = text(&socket),
        out = text(&out),
    );
    fs::write(at("conf"), configuration).expect("written");
    let arguments = ["-n", "-f", text(&at("conf")), "-i", text(&at("pid"))].map(str::to_owned);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let Some(_daemon) = start("/usr/sbin/rsyslogd", &arguments) else {
        return;
    };
    wait_until("rsyslogd listens", || {
        socket.exists() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let ran = run(&[
        "outputs",
        "test",
        &format!("syslog+unix:{}", text(&socket)),
        &format!("syslog+udp://127.0.0.1:{port}"),
        &format!("syslog+tcp://127.0.0.1:{port}"),
    ]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    let lines = || fs::read_to_string(&out).unwrap_or_default();
    let of = |beginning: &str| -> Vec<String> {
        let lines = lines();
        let found = lines.lines().filter(|it| it.starts_with(beginning));
        found.map(str::to_owned).collect()
    };
    let (over_ip, local) = (
        "authpriv|notice|monitor|alarm|[alarm@32473 ",
        "authpriv|notice|monitor|-|-|",
    );
    wait_until("two messages by each way", || {
        (of(over_ip).len(), of(local).len()) == (4, 2)
    });
    for line in of(over_ip) {
        assert!(line.contains("MONITOR_SERVICE=\"monitor-test\""), "{line}");
    }
    for line in of(over_ip).iter().chain(&of(local)) {
        assert!(line.trim_end().ends_with("nothing happened"), "{line}");
    }
}

fn get(address: &str, path: &str) -> String {
    let Ok(mut stream) = std::net::TcpStream::connect(address) else {
        return String::new();
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer));
    answer
}

#[test]
fn alertmanager_takes_an_alert_and_its_resolution() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = folder.path().join("conf.yml");
    fs::write(
        &configuration,
        "route: {receiver: none}\nreceivers: [{name: none}]\n",
    )
    .expect("written");
    let address = format!("127.0.0.1:{}", free_port());
    let started = start(
        "/usr/bin/prometheus-alertmanager",
        &[
            &format!("--config.file={}", text(&configuration)),
            &format!("--storage.path={}", text(folder.path())),
            &format!("--web.listen-address={address}"),
            "--cluster.listen-address=",
        ],
    );
    let Some(_daemon) = started else { return };
    wait_until("it is ready", || {
        get(&address, "/-/ready").contains(" 200 ")
    });
    let ran = run(&["outputs", "test", &format!("alertmanager+http://{address}")]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    let metrics = get(&address, "/metrics");
    for status in ["firing", "resolved"] {
        let series =
            format!("alertmanager_alerts_received_total{{status=\"{status}\",version=\"v2\"}} 1\n");
        assert!(metrics.contains(&series), "{status}: {metrics}");
    }
}

#[test]
fn a_profile_that_cannot_be_written_is_told_before_anything_is_learned() {
    for arguments in [
        &["learn", "--profile", "none/x", "/dev/null"][..],
        &["--save-profile", "none/x", "--", "true"],
    ] {
        let ran = run(arguments);
        ran.refused(2, &["there is no folder none", "make it"]);
    }
}
