//! Redis with both of its ways to persist, under redis-benchmark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use super::super::marks::Aim;
use super::super::sandbox::{Sandbox, first_user, free_port};
use super::super::tool::{Running, run};
use super::{Build, Builds, Load, Misuse, Service, careless, end, needed, replaced};

/// What must be installed.
pub const NEEDS: &[&str] = &["redis-server", "redis-tools"];

/// Requests of one run of redis-benchmark for each kind, between two looks at the clock.
const BURST: &str = "10000";

struct Redis {
    builds: Builds,
    benchmark: PathBuf,
    cli: PathBuf,
    user: &'static str,
    port: u16,
    running: Option<Running>,
    reloads: u32,
}

/// Makes its configuration.
pub fn make(sandbox: &Sandbox) -> Result<Box<dyn Service>> {
    let program = needed("redis-server", "redis-server")?;
    let user = first_user(&["redis"]);
    let data = sandbox.folder_of("data", user)?;
    let port = free_port()?;
    let folder = data.display();
    let text = format!(
        // Before version 7 anybody could set where it writes.
        "enable-protected-configs yes\nbind 127.0.0.1\nport {port}\ndir {folder}\nlogfile \
         {folder}/redis.log\nappendonly yes\nappendfsync everysec\n\
         save 5 1000\nmaxmemory 64mb\nmaxmemory-policy allkeys-lru\n"
    );
    fs::write(data.join("redis.conf"), text)?;
    // One program under several names, chosen by the name: Debian's redis-tools has it as
    // redis-check-aof.
    let mut builds = Builds::of(program, "redis-tools", Path::new("usr/bin/redis-check-aof"));
    builds.copy_other(sandbox.folder_of("other", user)?.join("redis-server"))?;
    Ok(Box::new(Redis {
        builds,
        benchmark: needed("redis-benchmark", "redis-tools")?,
        cli: needed("redis-cli", "redis-tools")?,
        user,
        port,
        running: None,
        reloads: 0,
    }))
}

impl Redis {
    fn ask(&self, words: &[&str]) -> Result<bool> {
        let mut command = Command::new(&self.cli);
        command.args(["-p", &self.port.to_string()]).args(words);
        run(&mut command, Duration::from_secs(10))
    }
}

impl Service for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn builds(&self) -> &Builds {
        &self.builds
    }

    fn aim(&self) -> Aim {
        Aim {
            program: Some("redis".to_owned()),
            ..Aim::default()
        }
    }

    fn start(&mut self, sandbox: &Sandbox, build: Build) -> Result<()> {
        let configuration = sandbox.folder().join("data/redis.conf");
        let program = self.builds.program(build)?;
        self.running = Some(sandbox.spawn(program, [configuration], self.user)?);
        sandbox.wait("redis answers", || {
            self.ask(&["-e", "ping"]).unwrap_or(false)
        })
    }

    fn stop(&mut self, sandbox: &Sandbox) {
        end(&mut self.running, sandbox, Signal::SIGTERM);
    }

    fn reload(&mut self, _: &Sandbox) -> Result<()> {
        self.reloads += 1;
        let clients = (1000 + self.reloads).to_string();
        self.ask(&["config", "set", "maxclients", &clients])?;
        self.ask(&["config", "rewrite"])?;
        Ok(())
    }

    fn rotate(&mut self, sandbox: &Sandbox) -> Result<()> {
        let log = sandbox.folder().join("data/redis.log");
        fs::rename(&log, log.with_extension("log.1"))?;
        self.ask(&["bgrewriteaof"])?;
        Ok(())
    }

    fn annoy(&self, _: &Sandbox, time: Duration) -> Result<()> {
        let requests: [&[u8]; 5] = [
            b"NOSUCHCOMMAND\r\n",
            b"GET too many words\r\n",
            b"*3\r\n$3\r\nSET\r\n$-5\r\n",
            b"INCR string\r\nLPUSH\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ];
        careless::clients(self.port, &requests, time)
    }

    fn look(&self, _: &Sandbox) -> Result<()> {
        let queries: [&[&str]; 6] = [
            &["info"],
            &["client", "list"],
            &["slowlog", "get"],
            &["memory", "stats"],
            &["config", "get", "*"],
            &["dbsize"],
        ];
        for words in queries {
            ensure!(self.ask(words)?, "redis-cli {words:?} failed");
        }
        Ok(())
    }

    fn touch_new(&mut self, sandbox: &Sandbox, turn: u32) -> Result<()> {
        for place in 0..5 {
            let key = format!("upload:{turn}:{place}");
            ensure!(self.ask(&["set", &key, "new"])?, "redis takes no new key");
        }
        replaced(&sandbox.folder().join("data/redis.conf"))?;
        self.stop(sandbox);
        self.start(sandbox, Build::Learned)
    }

    fn secret(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.folder().join("data/redis.conf")
    }

    fn lends_itself(&self) -> bool {
        true
    }

    fn misuse(&self, sandbox: &Sandbox) -> Result<Misuse> {
        let folder = sandbox.folder().display();
        let (elsewhere, data) = (format!("{folder}/victims"), format!("{folder}/data"));
        let running = self.running.as_ref().context("redis does not run")?;
        for words in [
            &["set", "payload", "<?php /* of the scenario suite */ ?>"][..],
            &["config", "set", "dir", &elsewhere],
            &["config", "set", "dbfilename", "shell.php"],
            &["save"],
            &["config", "set", "dbfilename", "dump.rdb"],
            &["config", "set", "dir", &data],
        ] {
            ensure!(
                self.ask(&[&["-e"], words].concat())?,
                "redis refuses {words:?}"
            );
        }
        let written =
            fs::metadata(format!("{elsewhere}/shell.php")).context("redis saved nothing")?;
        Ok(Misuse {
            process: running.pid(),
            answer: format!("{} bytes written", written.len()),
        })
    }

    fn load(&self, _: &Sandbox, load: Load, seed: u64, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        let mut round = 0;
        while Instant::now() < end {
            // It takes no seed: the number of clients varies in its place.
            let more = (seed + round) % 20;
            let mut command = Command::new(&self.benchmark);
            command.args(["-p", &self.port.to_string(), "-q", "-n", BURST]);
            match load {
                Load::Learned => command.args(["-c", &(10 + more).to_string()]).args([
                    "-r",
                    "10000",
                    "-t",
                    "get,set,incr",
                ]),
                Load::Other => command
                    .args(["-c", &(50 + more).to_string()])
                    .args(["-r", "500", "-P", "4", "-d", "2000"])
                    .args(["-t", "lpush,lrange_100,zadd,hset,mset"]),
                Load::Burst => command.args(["-c", &(100 + more).to_string()]).args([
                    "-r",
                    "10000",
                    "-t",
                    "get,set,incr",
                ]),
            };
            let worked = run(&mut command, time + Duration::from_secs(60))?;
            ensure!(worked, "redis-benchmark failed");
            round += 1;
        }
        Ok(())
    }
}
