//! OpenSSH's server, with logins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;
use rand::seq::IndexedRandom as _;

use super::super::marks::{Aim, User};
use super::super::sandbox::{Sandbox, free_port};
use super::super::tool::{Running, run};
use super::{Build, Builds, Load, Service, careless, end, needed, replaced, tell};
use support::stop;
use trainer::train::random::{Use, generator};

/// What must be installed.
pub const NEEDS: &[&str] = &["openssh-server", "openssh-client"];

/// What is run in the sessions of the learned load, a failed login among them.
const LEARNED: [&str; 6] = [
    "id",
    "uptime",
    "ls -l /tmp",
    "cat /etc/hostname",
    "DOWNLOAD",
    "REFUSED",
];

/// The same for the other load: longer sessions, uploads, other programs' arguments.
const OTHER: [&str; 5] = [
    "ls -laR /etc/apt",
    "cat /etc/services /etc/protocols",
    "id; uptime; ls /; id",
    "UPLOAD",
    "REFUSED",
];

/// How a session begins that fetches a file of the sandbox.
const FETCH: &str = "FETCH ";

struct Sshd {
    builds: Builds,
    ssh: PathBuf,
    sftp: PathBuf,
    port: u16,
    running: Option<Running>,
    reloads: u32,
}

/// Makes its keys and its configuration.
pub fn make(sandbox: &Sandbox) -> Result<Box<dyn Service>> {
    let program = needed("sshd", "openssh-server")?;
    let keygen = needed("ssh-keygen", "openssh-client")?;
    for name in ["host", "user", "stranger"] {
        let mut command = Command::new(&keygen);
        command.args(["-q", "-t", "ed25519", "-N", "", "-f"]);
        command.arg(sandbox.folder().join(name));
        ensure!(
            run(&mut command, Duration::from_secs(10))?,
            "ssh-keygen failed"
        );
    }
    fs::create_dir_all("/run/sshd").context("sshd needs /run/sshd")?;
    sandbox.file("download", vec![b'd'; 300_000])?;
    let service = Sshd {
        builds: Builds::of(program, "openssh-server", Path::new("usr/sbin/sshd")),
        ssh: needed("ssh", "openssh-client")?,
        sftp: needed("sftp", "openssh-client")?,
        port: free_port()?,
        running: None,
        reloads: 0,
    };
    service.configure(sandbox)?;
    Ok(Box::new(service))
}

impl Sshd {
    fn configure(&self, sandbox: &Sandbox) -> Result<()> {
        let folder = sandbox.folder().display();
        let (port, tries) = (self.port, 6 + self.reloads);
        // SHLVL keeps root's shell from the start-up files of this host (bash(1), INVOCATION).
        sandbox.file(
            "sshd_config",
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile \
                 {folder}/sshd.pid\n\
                 AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\nPermitRootLogin \
                 prohibit-password\n\
                 PasswordAuthentication no\nMaxAuthTries {tries}\nMaxStartups \
                 100:30:200\nSubsystem sftp internal-sftp\n\
                 SetEnv SHLVL=2\nUseDNS no\n"
            ),
        )?;
        Ok(())
    }

    fn session(&self, sandbox: &Sandbox, what: &str, client: u64) -> Result<()> {
        let folder = sandbox.folder();
        let key = if what == "REFUSED" {
            "stranger"
        } else {
            "user"
        };
        let transfer = match what {
            "DOWNLOAD" => Some(format!(
                "get {0}/download {0}/got-{client}\n",
                folder.display()
            )),
            "UPLOAD" => Some(format!(
                "put {0}/download {0}/put-{client}\nls -l {0}\nrm {0}/put-{client}\n",
                folder.display()
            )),
            _ => what
                .strip_prefix(FETCH)
                .map(|name| format!("get {0}/{name} {0}/got-{client}\n", folder.display())),
        };
        let mut command = Command::new(if transfer.is_some() {
            &self.sftp
        } else {
            &self.ssh
        });
        command
            .args([
                "-F",
                "/dev/null",
                "-q",
                "-o",
                "BatchMode=yes",
                "-o",
                "StrictHostKeyChecking=no",
            ])
            .args([
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "ConnectTimeout=5",
            ])
            .arg("-i")
            .arg(folder.join(key));
        match transfer {
            Some(batch) => {
                let file = sandbox.file(&format!("{client}.batch"), batch)?;
                command
                    .args(["-P", &self.port.to_string(), "-b"])
                    .arg(file)
                    .arg("root@127.0.0.1");
            }
            None => {
                command.args(["-p", &self.port.to_string(), "root@127.0.0.1", what]);
            }
        }
        let worked = run(&mut command, Duration::from_secs(20))?;
        ensure!(
            worked != (what == "REFUSED"),
            "the session {what:?} went otherwise than it should"
        );
        Ok(())
    }
}

impl Service for Sshd {
    fn name(&self) -> &'static str {
        "sshd"
    }

    fn builds(&self) -> &Builds {
        &self.builds
    }

    fn aim(&self) -> Aim {
        Aim {
            program: Some("sshd".to_owned()),
            // The others are shut in by their sandbox, where nearly nothing can be done.
            user: User::Root,
        }
    }

    fn start(&mut self, sandbox: &Sandbox, build: Build) -> Result<()> {
        let configuration = sandbox.folder().join("sshd_config");
        let program = self.builds.program(build)?;
        let arguments = [
            Path::new("-D"),
            Path::new("-e"),
            Path::new("-f"),
            &configuration,
        ];
        self.running = Some(sandbox.spawn(program, arguments, "root")?);
        sandbox.wait_for_port(self.port)
    }

    fn stop(&mut self, sandbox: &Sandbox) {
        end(&mut self.running, sandbox, Signal::SIGTERM);
    }

    fn reload(&mut self, sandbox: &Sandbox) -> Result<()> {
        self.reloads += 1;
        self.configure(sandbox)?;
        tell(self.running.as_ref(), Signal::SIGHUP)?;
        // It runs itself again, and listens once that is done.
        stop::sleep(Duration::from_millis(300))?;
        sandbox.wait_for_port(self.port)
    }

    fn rotate(&mut self, sandbox: &Sandbox) -> Result<()> {
        // It logs to what it was given at its start: logrotate copies and truncates such a log.
        let log = sandbox.folder().join("sshd.out");
        fs::copy(&log, log.with_extension("out.1"))?;
        fs::OpenOptions::new().write(true).open(&log)?.set_len(0)?;
        Ok(())
    }

    fn annoy(&self, sandbox: &Sandbox, time: Duration) -> Result<()> {
        self.session(sandbox, "REFUSED", 0)?;
        let requests: [&[u8]; 3] = [
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"SSH-1.0-old client\r\n",
            b"SSH-2.0-client\r\nand then no key exchange at all\r\n",
        ];
        careless::clients(self.port, &requests, time)
    }

    fn look(&self, sandbox: &Sandbox) -> Result<()> {
        for what in ["uptime; df -h /; free", "ps aux", "dmesg | tail -n 3; true"] {
            self.session(sandbox, what, 0)?;
        }
        Ok(())
    }

    fn touch_new(&mut self, sandbox: &Sandbox, turn: u32) -> Result<()> {
        for place in 0..3 {
            let name = format!("report-{turn}-{place}.tar");
            sandbox.file(&name, vec![b'n'; 30_000])?;
            self.session(sandbox, &format!("{FETCH}{name}"), 0)?;
        }
        replaced(&sandbox.folder().join("user.pub"))?;
        self.session(sandbox, "id", 0)
    }

    fn secret(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.folder().join("host")
    }

    fn load(&self, sandbox: &Sandbox, load: Load, seed: u64, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        let kinds: &[&str] = match load {
            Load::Learned | Load::Burst => &LEARNED,
            Load::Other => &OTHER,
        };
        let at_once = if load == Load::Burst { 6 } else { 2 };
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..at_once)
                .map(|client| {
                    scope.spawn(move || -> Result<()> {
                        let mut random = generator(seed, Use::Load, [client, 0]);
                        while Instant::now() < end {
                            let what = kinds.choose(&mut random).unwrap_or(&"id");
                            self.session(sandbox, what, client)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            for client in clients {
                client
                    .join()
                    .map_err(|_| anyhow::anyhow!("a client of sshd panicked"))??;
            }
            Ok(())
        })
    }
}
