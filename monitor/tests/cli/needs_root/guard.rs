//! One guard over several services, from first sight on: cgroups are made by hand with the names
//! that systemd gives.

mod accepting;

mod actions;
mod kills;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use monitor::guard::board::{HostStatus, ServiceStatus};
use monitor::guard::control::Client;
use monitor::guard::place::encoded;
use monitor::service::host::Host;
use monitor::service::life::State;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::harness::{monitor, text};

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something, and gives it.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A service of a shell: it starts programs, and does worse when it is told to.
struct Service {
    unit: String,
    folder: PathBuf,
    cgroup: PathBuf,
    shell: Option<Child>,
}

/// What it does. It begins the same way every time, so that what a start is gets learned.
const SCRIPT: &str = r#"while [ ! -e stop ]; do
    /bin/true
    [ -e rest ] && { rm rest; exit; }
    [ -e attack ] && { cat /etc/shadow > /dev/null; unshare -m true; rm attack; }
    sleep 0.01
done"#;

impl Service {
    fn new(letter: &str, folder: &Path) -> Self {
        let unit = format!("monitor-test-{}-{letter}.service", std::process::id());
        let root = Host::at("/").cgroups().expect("cgroups of version 2");
        let folder = folder.join(letter);
        fs::create_dir(&folder).expect("made");
        Self {
            cgroup: root.join("system.slice").join(&unit),
            unit,
            folder,
            shell: None,
        }
    }

    fn key(&self) -> String {
        format!("unit:{}", self.unit)
    }

    /// Starts it as a service manager does: the child joins the cgroup, and then executes the
    /// program.
    fn start(&mut self) {
        fs::create_dir_all(&self.cgroup).expect("root may");
        let join = format!(
            "echo $$ > {}/cgroup.procs && exec sh -c \"$SCRIPT\"",
            self.cgroup.display()
        );
        let shell = Command::new("sh")
            .args(["-c", &join])
            .env("SCRIPT", SCRIPT)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.shell = Some(shell.expect("a shell"));
    }

    /// Ends it, with its cgroup.
    fn stop(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            fs::write(self.folder.join("rest"), "").expect("written");
            shell.wait().expect("a child");
        }
        wait_for("an empty cgroup", || {
            fs::remove_dir(&self.cgroup)
                .ok()
                .or_else(|| (!self.cgroup.exists()).then_some(()))
        });
    }

    /// Has it do what it never did.
    fn begin_attack(&self) -> PathBuf {
        let trigger = self.folder.join("attack");
        fs::write(&trigger, "").expect("written");
        trigger
    }

    /// The same, and waits until it did.
    fn attack(&self) {
        let trigger = self.begin_attack();
        wait_for("the end of the attack", || {
            (!trigger.exists()).then_some(())
        });
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(shell) = &mut self.shell {
            // Nothing is left to be done about what fails here.
            let _ = shell.kill();
            let _ = shell.wait();
        }
        let until = Instant::now() + Duration::from_secs(2);
        while fs::remove_dir(&self.cgroup).is_err()
            && self.cgroup.exists()
            && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A guard over the services of this test alone.
struct Guard {
    folder: PathBuf,
    child: Child,
}

impl Guard {
    fn configure(folder: &Path, budget: &str) {
        Self::configure_for(&["one", "two"], folder, budget, "");
    }

    /// Over the services of these letters, with more than the usual.
    fn configure_for(letters: &[&str], folder: &Path, budget: &str, more: &str) {
        let unit = |letter: &&str| format!("monitor-test-{}-{letter}.service", std::process::id());
        let units: Vec<_> = letters.iter().map(unit).collect();
        let text = format!(
            "[discovery]\ninclude = {units:?}\n[learning]\nat_least = \"3s\"\nleast_calls = 3000\n\
             [judging]\ncpu = \"none\"\nbudget = \"{budget}\"\n{more}",
        );
        fs::write(folder.join("monitor.toml"), text).expect("written");
    }

    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &["--no-alarm-log"])
    }

    /// With more options.
    fn start_with(folder: &Path, options: &[&str]) -> Self {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"));
        let child = monitor(&[
            "guard",
            "--config",
            text(&folder.join("monitor.toml")),
            "--state",
            text(&folder.join("state")),
            "--socket",
            text(&Self::socket(folder)),
            "--format",
            "json",
            "--no-thread-ends",
        ])
        .args(options)
        .stdout(fs::File::create(folder.join("out")).expect("made"))
        .stderr(log.expect("opened"))
        .spawn();
        let guard = Self {
            folder: folder.to_path_buf(),
            child: child.expect("it starts"),
        };
        wait_for("the probe", || guard.status().filter(|it| it.attached));
        guard
    }

    fn socket(folder: &Path) -> PathBuf {
        folder.join("run/monitor.sock")
    }

    fn ask<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        let mut answer = Vec::new();
        let client = Client::new(&Self::socket(&self.folder));
        let asked = client.ask(hyper::Method::GET, path, |piece| {
            answer.extend_from_slice(piece);
            true
        });
        asked.ok()?;
        serde_json::from_slice(&answer).ok()
    }

    fn status(&self) -> Option<HostStatus> {
        self.ask("/v1/status")
    }

    fn service(&self, service: &Service) -> Option<ServiceStatus> {
        self.ask(&format!("/v1/services/{}", encoded(&service.key())))
    }

    fn incidents(&self) -> Vec<Value> {
        self.ask("/v1/incidents").expect("it answers")
    }

    fn wait_until_watched(&self, service: &mut Service) -> ServiceStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            let status = self.service(service);
            if let Some(status) = status.as_ref().filter(|it| it.state == State::Watching) {
                return status.clone();
            }
            assert!(Instant::now() < until, "{status:#?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn signal(&self, signal: libc::c_int) {
        // SAFETY: the child is ours and not waited for yet.
        unsafe { libc::kill(self.child.id() as libc::pid_t, signal) };
    }

    /// No thread of it is root, and each is filtered.
    fn has_given_up_rights(&self) {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        for thread in threads.expect("it runs").flatten() {
            let status = fs::read_to_string(thread.path().join("status"));
            let Ok(status) = status else { continue };
            let field = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.expect("a field of every thread").trim().to_owned()
            };
            let uids = field("Uid:");
            assert!(!uids.split_whitespace().any(|it| it == "0"), "{status}");
            assert_eq!(field("Seccomp:"), "2", "{status}");
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs root"]
fn services_are_learned_watched_restarted_and_kept_over_a_kill_of_the_guard() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut one = Service::new("one", folder);
    let mut two = Service::new("two", folder);
    Guard::configure(folder, "1/day");
    let mut guard = Guard::start(folder);

    // From first sight to watching; each begins three times meanwhile.
    for service in [&mut one, &mut two] {
        for _ in 0..2 {
            service.start();
            let before = guard.service(service).map_or(0, |it| it.calls);
            wait_for("its calls", || {
                guard.service(service).filter(|it| it.calls > before + 300)
            });
            service.stop();
        }
        service.start();
    }
    let first = guard.wait_until_watched(&mut one);
    let second = guard.wait_until_watched(&mut two);
    let remarks = guard.status().expect("it answers").remarks;
    for service in [&one, &two] {
        let of_it = remarks.iter().map(|(_, it)| it.as_str());
        let of_it: Vec<_> = of_it.filter(|it| it.starts_with(&service.key())).collect();
        let key = service.key();
        let learning = format!("{key}: new → learning");
        let watching = format!("{key}: validating → watching");
        assert_eq!(of_it, [&format!("{key} is new"), &learning, &watching]);
    }
    assert_eq!((first.lost, second.lost), (0, 0), "{}", guard.log());

    guard.has_given_up_rights();

    // One is attacked, and one is restarted: a cgroup of another number at the same path.
    one.attack();
    let incident = wait_for("the incident", || {
        let incidents = guard.incidents();
        incidents.into_iter().find(|it| it["service"] == one.key())
    });
    assert!(
        incident["headline"]
            .as_str()
            .is_some_and(|it| it.contains("never")),
        "{incident}"
    );
    two.stop();
    two.start();
    let before = second.calls;
    let again = wait_for("its calls", || {
        guard.service(&two).filter(|it| it.calls > before + 3000)
    });
    assert_eq!(
        (again.state, again.lost),
        (State::Watching, 0),
        "{}",
        guard.log()
    );
    let incidents = guard.incidents();
    let wrong = incidents.iter().find(|it| it["service"] == two.key());
    assert!(wrong.is_none(), "{wrong:?}\n{}", guard.log());
    assert_eq!(guard.status().expect("it answers").services.len(), 2);

    // A bad configuration leaves the one before in force; a good one is taken up.
    fs::write(
        folder.join("monitor.toml"),
        "[judging]\nbudgett = \"1/day\"\n",
    )
    .expect("written");
    guard.signal(libc::SIGHUP);
    wait_for("word of the bad file", || {
        guard.status().filter(|it| !it.config_is_right)
    });
    wait_for("what is wrong with it", || {
        guard.log().contains("is budget meant").then_some(())
    });
    Guard::configure(folder, "2/day");
    guard.signal(libc::SIGHUP);
    wait_for("the good file", || {
        let one = guard.service(&one)?;
        (guard.status()?.config_is_right && one.budget == "2/day").then_some(())
    });
    let judged = guard.service(&two).expect("it answers");
    assert_eq!((judged.state, judged.lost), (State::Watching, 0));

    // Killed and started again, it goes on with what it knew.
    wait_for("the state on disk", || {
        let state = folder.join("state/services").join(two.key());
        let kept = fs::read_to_string(state.join("state.json")).ok()?;
        let kept: Value = serde_json::from_str(&kept).ok()?;
        (kept["life"]["state"] == "watching" && state.join("profile").exists()).then_some(())
    });
    guard.signal(libc::SIGKILL);
    guard.child.wait().expect("a child");
    let mut guard = Guard::start(folder);
    for service in [&one, &two] {
        let kept = wait_for("its calls", || {
            let now = guard.service(service)?;
            (now.calls > 1000 && now.calls_per_second > 0.0).then_some(now)
        });
        assert_eq!(
            (kept.state, kept.lost),
            (State::Watching, 0),
            "{}",
            guard.log()
        );
    }
    two.attack();
    wait_for("the incident", || {
        let incidents = guard.incidents();
        incidents.into_iter().find(|it| it["service"] == two.key())
    });
    guard.signal(libc::SIGTERM);
    let status = guard.child.wait().expect("a child");
    assert_eq!(status.code(), Some(0), "{}", guard.log());
    assert!(!Guard::socket(folder).exists());
}
