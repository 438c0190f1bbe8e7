//! nginx with two workers, under wrk.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::super::marks::{Aim, User};
use super::super::sandbox::{Sandbox, first_user, free_port};
use super::super::tool::Running;
use super::{Build, Builds, Load, Service, careless, end, needed, replaced, tell, wrk};

/// What must be installed.
pub const NEEDS: &[&str] = &["nginx-light", "wrk"];

struct Nginx {
    builds: Builds,
    wrk: PathBuf,
    scripts: [PathBuf; 2],
    port: u16,
    running: Option<Running>,
    reloads: u32,
}

/// Makes its configuration and its pages.
pub fn make(sandbox: &Sandbox) -> Result<Box<dyn Service>> {
    let program = needed("nginx", "nginx-light")?;
    let user = first_user(&["www-data"]);
    let pages = sandbox.folder_of("pages", user)?;
    for (name, bytes) in [
        ("index.html", 600),
        ("style.css", 4000),
        ("big.bin", 200_000),
    ] {
        fs::write(pages.join(name), vec![b'm'; bytes])?;
    }
    let scripts = [
        wrk::script(
            sandbox,
            "learned.lua",
            &[
                ("GET", "/", 0),
                ("GET", "/style.css", 0),
                ("GET", "/style.css?v=2", 0),
                ("GET", "/none", 0),
            ],
            false,
        )?,
        wrk::script(
            sandbox,
            "other.lua",
            &[
                ("GET", "/big.bin", 0),
                ("HEAD", "/style.css", 0),
                ("POST", "/form", 20_000),
                ("GET", "/none/at/all", 0),
            ],
            true,
        )?,
    ];
    let service = Nginx {
        builds: Builds::of(program, "nginx", Path::new("usr/sbin/nginx")),
        wrk: needed("wrk", "wrk")?,
        scripts,
        port: free_port()?,
        running: None,
        reloads: 0,
    };
    service.configure(sandbox)?;
    Ok(Box::new(service))
}

impl Nginx {
    fn configure(&self, sandbox: &Sandbox) -> Result<PathBuf> {
        let folder = sandbox.folder().display();
        let user = first_user(&["www-data"]);
        let (port, timeout) = (self.port, 60 + self.reloads);
        sandbox.file(
            "nginx.conf",
            format!(
                "user {user};\nworker_processes 2;\ndaemon off;\npid {folder}/nginx.pid;\n\
                 error_log {folder}/error.log;\nevents {{ worker_connections 512; }}\n\
                 http {{\n  access_log {folder}/access.log;\n  sendfile on;\n  keepalive_timeout \
                 {timeout};\n  client_body_temp_path {folder}/body;\n  proxy_temp_path \
                 {folder}/proxy;\n  fastcgi_temp_path {folder}/fastcgi;\n  uwsgi_temp_path \
                 {folder}/uwsgi;\n  scgi_temp_path {folder}/scgi;\n  server {{\n    listen \
                 127.0.0.1:{port};\n    root {folder}/pages;\n    location = /status {{ \
                 stub_status; }}\n  }}\n}}\n"
            ),
        )
    }
}

impl Service for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn builds(&self) -> &Builds {
        &self.builds
    }

    fn aim(&self) -> Aim {
        Aim {
            program: Some("nginx".to_owned()),
            user: User::NotRoot,
        }
    }

    fn start(&mut self, sandbox: &Sandbox, build: Build) -> Result<()> {
        let configuration = sandbox.folder().join("nginx.conf");
        let program = self.builds.program(build)?;
        self.running = Some(sandbox.spawn(program, [Path::new("-c"), &configuration], "root")?);
        sandbox.wait_for_port(self.port)
    }

    fn stop(&mut self, sandbox: &Sandbox) {
        end(&mut self.running, sandbox, Signal::SIGQUIT);
    }

    fn reload(&mut self, sandbox: &Sandbox) -> Result<()> {
        self.reloads += 1;
        self.configure(sandbox)?;
        tell(self.running.as_ref(), Signal::SIGHUP)
    }

    fn rotate(&mut self, sandbox: &Sandbox) -> Result<()> {
        let log = sandbox.folder().join("access.log");
        fs::rename(&log, log.with_extension("log.1")).context("nginx has no log")?;
        tell(self.running.as_ref(), Signal::SIGUSR1)
    }

    fn annoy(&self, _: &Sandbox, time: Duration) -> Result<()> {
        careless::clients(self.port, &careless::HTTP, time)
    }

    fn look(&self, _: &Sandbox) -> Result<()> {
        careless::get(self.port, &["/status", "/", "/status"])
    }

    fn touch_new(&mut self, sandbox: &Sandbox, turn: u32) -> Result<()> {
        let pages = sandbox.folder().join("pages");
        for place in 0..5 {
            let name = format!("holiday {turn}-{place}.html");
            fs::write(pages.join(&name), vec![b'n'; 900])?;
            careless::get(self.port, &[&format!("/{}", name.replace(' ', "%20"))])?;
        }
        replaced(&pages.join("style.css"))?;
        careless::get(self.port, &["/style.css"])
    }

    fn secret(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.folder().join("nginx.conf")
    }

    fn load(&self, _: &Sandbox, load: Load, seed: u64, time: Duration) -> Result<()> {
        let (script, connections) = match load {
            Load::Learned => (&self.scripts[0], 16),
            Load::Other => (&self.scripts[1], 48),
            Load::Burst => (&self.scripts[0], 128),
        };
        wrk::load(&self.wrk, script, self.port, connections, seed, time)
    }
}
