//! A threaded HTTP application in Python, under wrk.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::super::marks::Aim;
use super::super::sandbox::{NOBODY, Sandbox, free_port};
use super::super::tool::{Running, first_line, program};
use super::{Build, Builds, Load, Service, careless, end, needed, replaced, tell, wrk};

/// What must be installed.
pub const NEEDS: &[&str] = &["python3", "wrk"];

const FIRST: &str = include_str!("python/first.py");
const SECOND: &str = include_str!("python/second.py");

struct Python {
    builds: Builds,
    wrk: PathBuf,
    scripts: [PathBuf; 2],
    port: u16,
    running: Option<Running>,
    reloads: u32,
}

/// Makes the application, its data and its configuration.
pub fn make(sandbox: &Sandbox) -> Result<Box<dyn Service>> {
    // The distribution's: one of a user's own may lie where the service's user cannot go.
    let usual = Path::new("/usr/bin/python3");
    let interpreter = if program(usual) {
        usual.to_owned()
    } else {
        needed("python3", "python3")?
    };
    let data = sandbox.folder_of("data", NOBODY)?;
    for (name, bytes) in [
        ("small.txt", 500),
        ("page.html", 8000),
        ("big.bin", 400_000),
    ] {
        fs::write(data.join(name), vec![b'm'; bytes])?;
    }
    sandbox.file("first.py", FIRST)?;
    sandbox.file("second.py", SECOND)?;
    let scripts = [
        wrk::script(
            sandbox,
            "learned.lua",
            &[
                ("GET", "/files/small.txt", 0),
                ("GET", "/files/page.html", 0),
                ("GET", "/sum?n=300", 0),
                ("POST", "/notes", 400),
            ],
            true,
        )?,
        wrk::script(
            sandbox,
            "other.lua",
            &[
                ("GET", "/files/big.bin", 0),
                ("GET", "/files/none", 0),
                ("GET", "/sum?n=9", 0),
                ("POST", "/notes", 9000),
                ("GET", "/notes", 0),
            ],
            true,
        )?,
    ];
    let version = first_line(&interpreter, "--version");
    let first = format!("{version}, the application's first version");
    let service = Python {
        builds: Builds::pair(
            (interpreter.clone(), first),
            (interpreter, "the application's second version".to_owned()),
        ),
        wrk: needed("wrk", "wrk")?,
        scripts,
        port: free_port()?,
        running: None,
        reloads: 0,
    };
    service.configure(sandbox)?;
    Ok(Box::new(service))
}

impl Python {
    fn configure(&self, sandbox: &Sandbox) -> Result<()> {
        let (port, reloads) = (self.port, self.reloads);
        sandbox.file(
            "app.json",
            format!("{{\"port\": {port}, \"greeting\": \"hello {reloads}\"}}\n"),
        )?;
        Ok(())
    }
}

impl Service for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn builds(&self) -> &Builds {
        &self.builds
    }

    fn aim(&self) -> Aim {
        Aim {
            program: Some("python".to_owned()),
            ..Aim::default()
        }
    }

    fn start(&mut self, sandbox: &Sandbox, build: Build) -> Result<()> {
        let text = match build {
            Build::Learned => "first.py",
            Build::Other => "second.py",
        };
        let arguments = [sandbox.folder().join(text), sandbox.folder().to_owned()];
        self.running = Some(sandbox.spawn(self.builds.program(build)?, arguments, NOBODY)?);
        sandbox.wait_for_port(self.port)
    }

    fn stop(&mut self, sandbox: &Sandbox) {
        end(&mut self.running, sandbox, Signal::SIGTERM);
    }

    fn reload(&mut self, sandbox: &Sandbox) -> Result<()> {
        self.reloads += 1;
        self.configure(sandbox)?;
        tell(self.running.as_ref(), Signal::SIGHUP)
    }

    fn rotate(&mut self, sandbox: &Sandbox) -> Result<()> {
        let log = sandbox.folder().join("data/app.log");
        fs::rename(&log, log.with_extension("log.1")).context("the application has no log")?;
        tell(self.running.as_ref(), Signal::SIGUSR1)
    }

    fn annoy(&self, _: &Sandbox, time: Duration) -> Result<()> {
        careless::clients(self.port, &careless::HTTP, time)
    }

    fn look(&self, _: &Sandbox) -> Result<()> {
        careless::get(self.port, &["/", "/notes", "/sum?n=1"])
    }

    fn touch_new(&mut self, sandbox: &Sandbox, turn: u32) -> Result<()> {
        let data = sandbox.folder().join("data");
        for place in 0..5 {
            let name = format!("invoice-{turn}-{place}.pdf");
            fs::write(data.join(&name), vec![b'n'; 900])?;
            careless::get(self.port, &[&format!("/files/{name}")])?;
        }
        replaced(&data.join("small.txt"))?;
        careless::get(self.port, &["/files/small.txt"])
    }

    fn secret(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.folder().join("app.json")
    }

    fn load(&self, _: &Sandbox, load: Load, seed: u64, time: Duration) -> Result<()> {
        let (script, connections) = match load {
            Load::Learned => (&self.scripts[0], 4),
            Load::Other => (&self.scripts[1], 12),
            Load::Burst => (&self.scripts[0], 24),
        };
        wrk::load(&self.wrk, script, self.port, connections, seed, time)
    }
}
