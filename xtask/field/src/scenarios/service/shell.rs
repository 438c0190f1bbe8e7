//! A shell script that is run again and again, as by cron.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use rand::Rng as _;

use super::super::attack::Attack;
use super::super::marks::Aim;
use super::super::package;
use super::super::sandbox::{NOBODY, Sandbox, account};
use super::super::tool::Running;
use super::{Build, Builds, Load, Misuse, Service, end, needed, replaced};
use support::stop;
use trainer::train::random::{Generator, Use, generator};

/// What must be installed.
pub const NEEDS: &[&str] = &["bash"];

const LOOP: &str = include_str!("shell/loop.sh");
const JOB: &str = include_str!("shell/job.sh");

struct Shell {
    builds: Builds,
    inbox: PathBuf,
    running: Option<Running>,
    reloads: u32,
}

/// Makes the scripts and the folders that they work on.
pub fn make(sandbox: &Sandbox) -> Result<Box<dyn Service>> {
    let version = |name| package::installed(name).unwrap_or_else(|| "unknown".to_owned());
    let builds = Builds::pair(
        (
            needed("sh", "dash")?,
            format!("sh (dash {})", version("dash")),
        ),
        (needed("bash", "bash")?, format!("bash {}", version("bash"))),
    );
    for name in ["inbox", "done", "log"] {
        sandbox.folder_of(name, NOBODY)?;
    }
    sandbox.file("loop.sh", LOOP)?;
    sandbox.file("job.sh", JOB)?;
    let service = Shell {
        builds,
        inbox: sandbox.folder().join("inbox"),
        running: None,
        reloads: 0,
    };
    service.configure(sandbox)?;
    Ok(Box::new(service))
}

impl Shell {
    fn configure(&self, sandbox: &Sandbox) -> Result<()> {
        sandbox.file("job.conf", format!("KEEP={}\n", 20 + self.reloads % 5))?;
        Ok(())
    }

    /// One file of the inbox, put there whole.
    fn deliver(
        &self,
        sandbox: &Sandbox,
        name: &str,
        lines: usize,
        random: &mut Generator,
    ) -> Result<()> {
        let mut text = String::new();
        for _ in 0..lines {
            let (level, number) = (
                ["info", "warn", "error"][random.random_range(0..3)],
                random.random::<u32>(),
            );
            text.push_str(&format!("{level} request {number}\n"));
        }
        let unfinished = sandbox.file("delivery", text)?;
        let user = account(NOBODY)?;
        nix::unistd::chown(&unfinished, Some(user.uid), Some(user.gid))?;
        fs::rename(&unfinished, self.inbox.join(name)).context("cannot deliver to the inbox")
    }
}

impl Service for Shell {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn builds(&self) -> &Builds {
        &self.builds
    }

    fn aim(&self) -> Aim {
        // The shells of the jobs, not the programs that they run: `sh`, or `bash` after the
        // upgrade.
        Aim {
            program: Some("sh".to_owned()),
            ..Aim::default()
        }
    }

    fn start(&mut self, sandbox: &Sandbox, build: Build) -> Result<()> {
        let shell = self.builds.program(build)?.to_owned();
        let arguments = [Path::new("loop.sh"), &shell];
        self.running = Some(sandbox.spawn(&shell, arguments, NOBODY)?);
        let log = sandbox.folder().join("log/job.log");
        let before = fs::metadata(&log).map_or(0, |about| about.len());
        sandbox.wait("the job has run", || {
            fs::metadata(&log).is_ok_and(|about| about.len() != before)
        })
    }

    fn stop(&mut self, sandbox: &Sandbox) {
        end(&mut self.running, sandbox, Signal::SIGTERM);
    }

    fn reload(&mut self, sandbox: &Sandbox) -> Result<()> {
        self.reloads += 1;
        self.configure(sandbox)
    }

    fn rotate(&mut self, sandbox: &Sandbox) -> Result<()> {
        let log = sandbox.folder().join("log/job.log");
        fs::rename(&log, log.with_extension("log.1")).context("the job has no log")
    }

    fn annoy(&self, sandbox: &Sandbox, time: Duration) -> Result<()> {
        let mut random = generator(0, Use::Load, [1, 0]);
        let end = Instant::now() + time;
        for count in 0u32.. {
            if Instant::now() >= end {
                break;
            }
            // Empty, and by a name that a careless script takes for an option.
            self.deliver(sandbox, &format!("empty-{count}"), 0, &mut random)?;
            self.deliver(sandbox, &format!("-n {count}"), 3, &mut random)?;
            fs::create_dir_all(self.inbox.join("not a file"))?;
            stop::sleep(Duration::from_millis(200))?;
        }
        fs::remove_dir(self.inbox.join("not a file")).context("the inbox lost a folder")
    }

    fn look(&self, sandbox: &Sandbox) -> Result<()> {
        let shell = self.builds.program(Build::Learned)?;
        let mut by_hand = sandbox.spawn(shell, ["-x", "job.sh"], NOBODY)?;
        by_hand.wait(Duration::from_secs(60))?;
        Ok(())
    }

    fn touch_new(&mut self, sandbox: &Sandbox, turn: u32) -> Result<()> {
        let mut random = generator(u64::from(turn), Use::Load, [2, 0]);
        for place in 0..5 {
            let name = format!("Report {turn} of branch {place} (final).log");
            self.deliver(sandbox, &name, 50, &mut random)?;
            stop::sleep(Duration::from_millis(100))?;
        }
        replaced(&sandbox.folder().join("job.sh"))
    }

    fn secret(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.folder().join("job.conf")
    }

    fn lends_itself(&self) -> bool {
        true
    }

    /// A link in the inbox: the job reads what it leads to.
    fn misuse(&self, sandbox: &Sandbox) -> Result<Misuse> {
        const NAME: &str = "passwords.txt";
        let running = self.running.as_ref().context("the job does not run")?;
        std::os::unix::fs::symlink("/etc/passwd", self.inbox.join(NAME))?;
        let taken = sandbox.folder().join(format!("done/{NAME}.top"));
        let inbox = self.inbox.join(NAME);
        sandbox.wait("the job took the link", || {
            fs::symlink_metadata(&inbox).is_err()
        })?;
        let answer = fs::read_to_string(&taken).unwrap_or_default();
        Ok(Misuse {
            process: running.pid(),
            answer: format!("{} bytes", answer.len()),
        })
    }

    fn traceless(&self) -> &'static [(Attack, &'static str)] {
        &[(
            Attack::OwnSecret,
            "every run of the job opens and reads its configuration",
        )]
    }

    fn load(&self, sandbox: &Sandbox, load: Load, seed: u64, time: Duration) -> Result<()> {
        let mut random = generator(seed, Use::Load, [0, 0]);
        let end = Instant::now() + time;
        let mut count = 0;
        while Instant::now() < end {
            let (lines, pause) = match load {
                Load::Learned => (random.random_range(1..200), 40),
                Load::Other => (random.random_range(500..5000), random.random_range(5..400)),
                Load::Burst => (random.random_range(1..200), 5),
            };
            let name = match load {
                Load::Learned | Load::Burst => format!("{seed}-{count}.txt"),
                Load::Other => format!("other {seed} {count}.csv"),
            };
            self.deliver(sandbox, &name, lines, &mut random)?;
            count += 1;
            stop::sleep(Duration::from_millis(pause))?;
        }
        Ok(())
    }
}
