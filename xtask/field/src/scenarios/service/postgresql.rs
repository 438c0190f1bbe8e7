//! PostgreSQL under pgbench.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use super::super::marks::Aim;
use super::super::sandbox::{Sandbox, account, free_port};
use super::super::tool::{Running, program, run, text};
use super::{Build, Builds, Load, Misuse, Service, careless, end, tell};

/// What must be installed.
pub const NEEDS: &[&str] = &["postgresql"];

/// Where Debian keeps the programs of each major version.
const VERSIONS: &str = "/usr/lib/postgresql";

const USER: &str = "postgres";

/// The id of a large object that is there only as long as it is exported.
const LARGE_OBJECT: u32 = 70_000;

struct Postgresql {
    builds: Builds,
    programs: PathBuf,
    port: u16,
    running: Option<Running>,
    reloads: u32,
}

/// Makes a cluster and fills it.
pub fn make(sandbox: &Sandbox) -> Result<Box<dyn Service>> {
    let (major, programs) = newest().with_context(|| {
        format!("no PostgreSQL in {VERSIONS}: apt-get install --no-install-recommends postgresql")
    })?;
    let inside = format!("usr/lib/postgresql/{major}/bin/postgres");
    let mut builds = Builds::of(
        programs.join("postgres"),
        &format!("postgresql-{major}"),
        Path::new(&inside),
    );
    builds.copy_other_package(&sandbox.folder().join("other"), Path::new(&inside))?;
    let data = sandbox.folder_of("data", USER)?;
    let mut service = Postgresql {
        builds,
        programs,
        port: free_port()?,
        running: None,
        reloads: 0,
    };
    let cluster = data.join("cluster");
    let made = service.run("initdb", |command| {
        command
            .args(["--no-sync", "--auth=trust", "-U", USER, "-D"])
            .arg(&cluster);
    })?;
    ensure!(made, "initdb failed");
    service.configure(sandbox)?;
    service.start(sandbox, Build::Learned)?;
    let filled = service.run("pgbench", |command| {
        command.args(["-i", "-q", "-s", "5"]);
    })?;
    service.stop(sandbox);
    ensure!(filled, "pgbench -i failed");
    Ok(Box::new(service))
}

/// The newest major version that is installed, and where its programs are.
fn newest() -> Option<(u32, PathBuf)> {
    let folders = fs::read_dir(VERSIONS).ok()?.flatten();
    let majors = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    majors
        .map(|major| {
            (
                major,
                Path::new(VERSIONS).join(major.to_string()).join("bin"),
            )
        })
        .filter(|(_, programs)| program(&programs.join("postgres")))
        .max_by_key(|(major, _)| *major)
}

impl Postgresql {
    /// Runs a client, or a program of the server's, as the server's user.
    fn run(&self, name: &str, with: impl FnOnce(&mut Command)) -> Result<bool> {
        let mut command = self.command(name)?;
        with(&mut command);
        run(&mut command, Duration::from_secs(180))
    }

    fn command(&self, name: &str) -> Result<Command> {
        let user = account(USER)?;
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", user.uid))
            .arg(format!("--regid={}", user.gid))
            .arg("--clear-groups")
            .arg(self.programs.join(name))
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", USER)
            .env("PGDATABASE", USER)
            .current_dir("/");
        Ok(command)
    }

    fn configure(&self, sandbox: &Sandbox) -> Result<()> {
        let (port, folder) = (self.port, sandbox.folder().display());
        let memory = 4 + self.reloads;
        let text = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = \
             '{folder}/data'\nfsync = on\n\
             logging_collector = on\nlog_directory = '{folder}/data/log'\nlog_filename = \
             'postgresql.log'\n\
             log_min_duration_statement = 200\nlog_connections = on\nautovacuum_naptime = \
             10\ncheckpoint_timeout = 30s\n\
             work_mem = '{memory}MB'\n"
        );
        let path = sandbox.folder().join("data/cluster/postgresql.conf");
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn query(&self, text: &str) -> Result<bool> {
        self.run("psql", |command| {
            command.args(["-X", "-q", "-c", text]);
        })
    }
}

impl Service for Postgresql {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    fn builds(&self) -> &Builds {
        &self.builds
    }

    fn aim(&self) -> Aim {
        Aim {
            program: Some("postgres".to_owned()),
            ..Aim::default()
        }
    }

    fn start(&mut self, sandbox: &Sandbox, build: Build) -> Result<()> {
        let cluster = sandbox.folder().join("data/cluster");
        let program = self.builds.program(build)?;
        self.running = Some(sandbox.spawn(program, [Path::new("-D"), &cluster], USER)?);
        sandbox.wait("PostgreSQL answers", || {
            self.run("pg_isready", |_| {}).unwrap_or(false)
        })
    }

    fn stop(&mut self, sandbox: &Sandbox) {
        end(&mut self.running, sandbox, Signal::SIGINT);
    }

    fn reload(&mut self, sandbox: &Sandbox) -> Result<()> {
        self.reloads += 1;
        self.configure(sandbox)?;
        tell(self.running.as_ref(), Signal::SIGHUP)
    }

    fn rotate(&mut self, sandbox: &Sandbox) -> Result<()> {
        let log = sandbox.folder().join("data/log/postgresql.log");
        fs::rename(&log, log.with_extension("log.1"))?;
        self.query("select pg_rotate_logfile()")?;
        Ok(())
    }

    fn annoy(&self, _: &Sandbox, time: Duration) -> Result<()> {
        // psql's own failure is what is wanted.
        for text in ["selec 1", "select 1/0", "select * from none"] {
            self.query(text)?;
        }
        let requests: [&[u8]; 3] = [
            // The request for TLS (protocol, "SSLRequest"), and then nothing.
            b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            // A start-up packet of a user that is not there.
            b"\x00\x00\x00\x13\x00\x03\x00\x00user\x00nobd\x00\x00",
        ];
        careless::clients(self.port, &requests, time)
    }

    fn look(&self, _: &Sandbox) -> Result<()> {
        for text in [
            "select * from pg_stat_activity",
            "select datname, pg_size_pretty(pg_database_size(datname)) from pg_database",
            "select * from pg_stat_bgwriter",
            "explain analyze select count(*) from pgbench_branches",
            "show all",
        ] {
            ensure!(self.query(text)?, "psql {text:?} failed");
        }
        Ok(())
    }

    fn touch_new(&mut self, _: &Sandbox, turn: u32) -> Result<()> {
        for text in [
            format!("create table orders_{turn} (number int primary key, note text)"),
            format!("insert into orders_{turn} select n, 'new' from generate_series(1, 500) n"),
            format!("create index on orders_{turn} (note)"),
            format!("select count(*) from orders_{turn}"),
        ] {
            ensure!(self.query(&text)?, "psql {text:?} failed");
        }
        Ok(())
    }

    fn secret(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.folder().join("data/cluster/postgresql.conf")
    }

    fn lends_itself(&self) -> bool {
        true
    }

    /// The database's own file functions, in a session of a superuser.
    fn misuse(&self, sandbox: &Sandbox) -> Result<Misuse> {
        let victims = sandbox.folder().join("victims");
        let victims = victims.display();
        let mut command = self.command("psql")?;
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        for statement in [
            "select pg_backend_pid()".to_owned(),
            "select length(pg_read_file('/etc/passwd'))".to_owned(),
            "create temporary table taken (line text)".to_owned(),
            "copy taken from '/etc/hosts'".to_owned(),
            format!("copy (select 'of the scenario suite') to '{victims}/copied.php'"),
            format!("select lo_from_bytea({LARGE_OBJECT}, 'of the scenario suite')"),
            format!("select lo_export({LARGE_OBJECT}, '{victims}/exported.so')"),
            format!("select lo_unlink({LARGE_OBJECT})"),
        ] {
            command.args(["-c", &statement]);
        }
        let said = text(&mut command, Duration::from_secs(20))?;
        let mut lines = said.lines();
        let process = lines.next().and_then(|line| line.trim().parse().ok());
        Ok(Misuse {
            process: process.context("PostgreSQL does not say which process serves")?,
            answer: format!("{} bytes read", lines.next().unwrap_or("no")),
        })
    }

    fn load(&self, _: &Sandbox, load: Load, seed: u64, time: Duration) -> Result<()> {
        let seconds = time.as_secs().max(1).to_string();
        let seed = format!("--random-seed={seed}");
        let worked = self.run("pgbench", |command| {
            command.args(["-n", "-T", &seconds, &seed]);
            match load {
                Load::Learned => command.args(["-c", "4"]),
                Load::Other => command.args([
                    "-c",
                    "6",
                    "-M",
                    "prepared",
                    "-b",
                    "select-only@3",
                    "-b",
                    "simple-update@1",
                    "-C",
                ]),
                Load::Burst => command.args(["-c", "16"]),
            };
        })?;
        ensure!(worked, "pgbench failed");
        if load == Load::Other {
            self.query("vacuum analyze pgbench_accounts")?;
        }
        Ok(())
    }
}
