//! The helper that acts, asked as a monitor asks it, and as one that is no longer itself may.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use monitor::config::Config;
use monitor::detect::severity::Severity;
use monitor::response::helper::{COMMAND, Start};
use monitor::response::plan::{Action, Plan};
use monitor::response::request::Request;
use monitor::response::statement::{ActionStatement, Outcome};
use monitor::service::host::Host;
use tempfile::TempDir;

use crate::harness::monitor;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for(what: &str, is: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < until, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A service of one process, in a cgroup with the name that systemd gives.
struct Service {
    key: String,
    path: String,
    cgroup: PathBuf,
    child: Child,
}

impl Service {
    fn start(letter: &str) -> Self {
        let unit = format!("response-test-{}-{letter}.service", std::process::id());
        let path = format!("/system.slice/{unit}");
        let root = Host::at("/").cgroups().expect("cgroups of version 2");
        let cgroup = root.join(&path[1..]);
        fs::create_dir_all(&cgroup).expect("root may");
        let join = format!(
            "echo $$ > {}/cgroup.procs && exec sleep 600",
            cgroup.display()
        );
        let child = Command::new("sh")
            .args(["-c", &join])
            .spawn()
            .expect("a shell");
        let procs = cgroup.join("cgroup.procs");
        wait_for("the process", || {
            !fs::read_to_string(&procs).expect("ours").is_empty()
        });
        Self {
            key: format!("unit:{unit}"),
            path,
            cgroup,
            child,
        }
    }

    fn is_frozen(&self) -> bool {
        let events = fs::read_to_string(self.cgroup.join("cgroup.events")).expect("ours");
        events.contains("frozen 1")
    }

    /// When its process was started, nanoseconds since boot to the tick, as the probe says it.
    fn start_ns(&self) -> u64 {
        started_ns(self.child.id()) + 1234
    }

    fn state(&self) -> char {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))
            .expect("it is not waited for");
        stat.rsplit_once(") ")
            .expect("a name")
            .1
            .chars()
            .next()
            .expect("a state")
    }

    fn request(&self, action: Action) -> Request {
        Request {
            incident: "01TEST".into(),
            severity: Severity::Critical,
            action,
            service: self.key.clone(),
            pid: self.child.id(),
            tid: self.child.id(),
            start_ns: self.start_ns(),
            cgroup: Some(self.path.clone()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Nothing is left to be done about what fails here. A frozen process takes SIGKILL too.
        let _ = fs::write(self.cgroup.join("cgroup.freeze"), "0");
        let _ = self.child.kill();
        let _ = self.child.wait();
        let until = Instant::now() + Duration::from_secs(2);
        while fs::remove_dir(&self.cgroup).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

struct Helper {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Helper {
    fn start(state: &Path, actions: &str) -> Self {
        let config: Config = toml::from_str(&format!("[actions]\n{actions}")).expect("TOML");
        let plan = Plan::of(&config.actions).expect("right").expect("some");
        let mut child = monitor(&[COMMAND])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut helper = Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().expect("piped")),
            child,
        };
        let start = Start {
            plan,
            user_units: false,
            record: state.join("acted"),
        };
        helper.say(&serde_json::to_string(&start).expect("JSON"));
        helper
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("not closed");
        writeln!(input, "{line}").expect("it reads");
    }

    fn hear(&mut self) -> ActionStatement {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it goes on");
        serde_json::from_str(&line).expect("a statement")
    }

    fn ask(&mut self, request: &Request) -> ActionStatement {
        self.say(&serde_json::to_string(request).expect("JSON"));
        self.hear()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

fn state() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
#[ignore = "needs root"]
fn in_a_dry_run_it_is_only_said_what_would_be_done() {
    let (service, state) = (Service::start("dry"), state());
    let mut helper = Helper::start(state.path(), "critical = [\"freeze\", \"stop\", \"kill\"]");
    for action in [Action::Freeze, Action::Stop, Action::Kill] {
        let said = helper.ask(&service.request(action));
        assert_eq!(said.outcome, Outcome::DryRun, "{}", said.what);
    }
    assert!(!service.is_frozen());
    assert_eq!(service.state(), 'S');
}

#[test]
#[ignore = "needs root"]
fn a_service_is_frozen_and_thaws_by_itself_or_with_the_end_of_the_monitor() {
    let (service, state) = (Service::start("freeze"), state());
    let freeze = service.request(Action::Freeze);
    let mut helper = Helper::start(
        state.path(),
        "dry_run = false\nundo_after = \"1s\"\ncritical = [\"freeze\"]",
    );
    let said = helper.ask(&freeze);
    assert_eq!(said.outcome, Outcome::Done, "{}", said.what);
    assert!(service.is_frozen());
    let said = helper.hear();
    assert_eq!((said.outcome, &*said.incident), (Outcome::Undone, "01TEST"));
    assert!(!service.is_frozen());
    let actions = "dry_run = false\nundo_after = \"1h\"\ncritical = [\"freeze\"]";
    let mut helper = Helper::start(state.path(), actions);
    assert_eq!(helper.ask(&freeze).outcome, Outcome::Done);
    drop(helper);
    assert!(!service.is_frozen(), "its end is no reason to stay frozen");
    // One that is killed can do nothing; the next one does.
    let mut helper = Helper::start(state.path(), actions);
    assert_eq!(helper.ask(&freeze).outcome, Outcome::Done);
    helper.child.kill().expect("a child");
    drop(helper);
    assert!(service.is_frozen());
    let _helper = Helper::start(state.path(), actions);
    wait_for("the thaw", || !service.is_frozen());
}

#[test]
#[ignore = "needs root"]
fn a_process_is_stopped_continued_and_killed_and_never_another_of_its_number() {
    let (mut service, state) = (Service::start("kill"), state());
    let actions =
        "dry_run = false\nundo_after = \"1s\"\nper_hour = 100\ncritical = [\"stop\", \"kill\"]";
    let mut helper = Helper::start(state.path(), actions);
    // The number was another process' when the incident was raised.
    for start_ns in [
        0,
        service.start_ns() - 1_000_000_000,
        service.start_ns() + 1_000_000_000,
    ] {
        let recycled = Request {
            start_ns,
            ..service.request(Action::Kill)
        };
        let said = helper.ask(&recycled);
        assert_eq!(
            (said.outcome, service.state()),
            (Outcome::Refused, 'S'),
            "{}",
            said.what
        );
        assert!(said.what.contains("another process"), "{}", said.what);
    }
    let said = helper.ask(&service.request(Action::Stop));
    assert_eq!(said.outcome, Outcome::Done, "{}", said.what);
    wait_for("the stop", || service.state() == 'T');
    assert_eq!(helper.hear().outcome, Outcome::Undone);
    wait_for("the process to go on", || service.state() == 'S');
    let said = helper.ask(&service.request(Action::Kill));
    assert_eq!(said.outcome, Outcome::Done, "{}", said.what);
    let ended = service.child.wait().expect("a child");
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&ended),
        Some(libc::SIGKILL)
    );
}

#[test]
#[ignore = "needs root"]
fn nothing_in_a_request_is_believed() {
    let (service, other, state) = (Service::start("one"), Service::start("two"), state());
    let actions = "dry_run = false\nper_hour = 2\nnever = [\"unit:response-test-*-two.service\"]\n\
                   high = [\"stop\"]\ncritical = [\"freeze\", \"kill\"]";
    let mut helper = Helper::start(state.path(), actions);
    helper.say("no request");
    helper.say("{\"action\":\"kill\"}");
    let kill = service.request(Action::Kill);
    let me = std::process::id();
    let freeze = service.request(Action::Freeze);
    let wrong = [
        (
            "not configured",
            Request {
                severity: Severity::High,
                ..kill.clone()
            },
        ),
        ("not configured", service.request(Action::Stop)),
        (
            "no process of",
            Request {
                service: "unit:cron.service".into(),
                ..kill.clone()
            },
        ),
        (
            "never touched",
            Request {
                service: "unit:ssh.service".into(),
                ..kill.clone()
            },
        ),
        (
            "never touched",
            Request {
                ..other.request(Action::Freeze)
            },
        ),
        (
            "that is no service",
            Request {
                service: "nginx".into(),
                ..kill.clone()
            },
        ),
        (
            "another process",
            Request {
                pid: 1,
                tid: 1,
                ..kill.clone()
            },
        ),
        ("the monitor itself", of(me, &kill)),
        (
            "no cgroup of its own",
            Request {
                cgroup: None,
                ..freeze.clone()
            },
        ),
        (
            "no cgroup of its own",
            Request {
                cgroup: Some("/".into()),
                ..freeze.clone()
            },
        ),
        (
            "no cgroup of its own",
            Request {
                cgroup: Some(other.path.clone()),
                ..freeze.clone()
            },
        ),
    ];
    for (why, request) in &wrong {
        let said = helper.ask(request);
        assert_eq!(said.outcome, Outcome::Refused, "{}", said.what);
        assert!(said.what.contains(why), "{why}: {}", said.what);
    }
    assert!(!service.is_frozen() && !other.is_frozen());
    // Twice, and no more within the hour.
    for outcome in [Outcome::Done, Outcome::Done, Outcome::Refused] {
        assert_eq!(helper.ask(&freeze).outcome, outcome);
    }
}

#[test]
#[ignore = "needs root"]
fn a_cgroup_whose_name_is_no_text_shields_what_is_above_it_and_nothing_else() {
    let (own, service, state) = (Service::start("own"), Service::start("other"), state());
    let inner = own.cgroup.join(OsStr::from_bytes(b"\xff"));
    fs::create_dir(&inner).expect("root may");
    let actions = "dry_run = false\ncritical = [\"freeze\"]";
    let mut helper = Helper::start(state.path(), actions);
    let procs = |cgroup: &Path| cgroup.join("cgroup.procs");
    fs::write(procs(&inner), helper.child.id().to_string()).expect("root may");
    let said = helper.ask(&own.request(Action::Freeze));
    assert_eq!(said.outcome, Outcome::Refused, "{}", said.what);
    assert!(said.what.contains("which must go on"), "{}", said.what);
    let said = helper.ask(&service.request(Action::Freeze));
    assert_eq!(said.outcome, Outcome::Done, "{}", said.what);
    drop(helper);
    fs::remove_dir(inner).expect("nobody is in it");
}

/// When a process was started, nanoseconds since boot, as exactly as /proc says it: to the tick.
fn started_ns(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields = stat.rsplit_once(") ").expect("a name").1;
    let ticks: u64 = fields
        .split(' ')
        .nth(19)
        .expect("a start")
        .parse()
        .expect("a number");
    ticks * 10_000_000
}

/// The same of another process, whose start is right.
fn of(pid: u32, request: &Request) -> Request {
    Request {
        pid,
        tid: pid,
        start_ns: started_ns(pid),
        ..request.clone()
    }
}
