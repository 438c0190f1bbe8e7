//! Real services under their usual load generators, on loopback, with a folder of their own.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use procfs::process::Process;

use super::process::Cpu;
use super::subject::{Measured, Subject};
use crate::scenarios::sandbox::{Sandbox, first_user, free_port};
use crate::scenarios::tool::{Running, find};

fn program(name: &str, package: &str) -> Result<PathBuf> {
    find(name).with_context(|| format!("{name} is not installed (Debian's package {package})"))
}

/// nginx with one worker.
pub struct Nginx {
    master: Running,
    wrk: PathBuf,
    url: String,
    // Last: its processes end before.
    _sandbox: Sandbox,
}

impl Nginx {
    /// Starts it.
    ///
    /// # Errors
    /// nginx or wrk is missing, or nginx does not start.
    pub fn start() -> Result<Self> {
        let (nginx, wrk) = (program("nginx", "nginx-light")?, program("wrk", "wrk")?);
        let sandbox = Sandbox::create("overhead-nginx", false)?;
        let port = free_port()?;
        sandbox.file("page.html", [b'x'; 1024])?;
        let folder = sandbox.folder().display().to_string();
        let user = first_user(&["www-data"]);
        let configuration = format!(
            "user {user};\nworker_processes 1;\ndaemon off;\npid {folder}/pid;\nerror_log \
             {folder}/error.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log {folder}/access.log; sendfile on; keepalive_requests 1000000;\n\
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; \
             fastcgi_temp_path {folder}/fastcgi;\n\
             uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
             server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n"
        );
        let configuration = sandbox.file("nginx.conf", configuration)?;
        let (at, log) = (
            configuration.display().to_string(),
            format!("{folder}/error.log"),
        );
        let master = sandbox.spawn(&nginx, ["-c", &at, "-p", &folder, "-e", &log], "root")?;
        sandbox.wait_for_port(port)?;
        Ok(Self {
            master,
            wrk,
            url: format!("http://127.0.0.1:{port}/page.html"),
            _sandbox: sandbox,
        })
    }
}

/// The children of a process's main thread.
fn children(pid: u32) -> Vec<u32> {
    let main = Process::new(pid.cast_signed()).and_then(|it| it.task_main_thread());
    main.and_then(|it| it.children()).unwrap_or_default()
}

impl Subject for Nginx {
    fn pids(&self) -> Vec<u32> {
        let mut pids = vec![self.master.pid()];
        pids.extend(children(self.master.pid()));
        pids
    }

    fn measure(&mut self, length: Duration) -> Result<Measured> {
        let pids = self.pids();
        let before = Cpu::of(&pids);
        // wrk counts whole seconds.
        let seconds = length.as_secs_f64().ceil().max(1.0) as u64;
        let output = Command::new(&self.wrk)
            .args(["-t1", "-c16", &format!("-d{seconds}s"), &self.url])
            .stdin(Stdio::null())
            .output()
            .context("cannot start wrk")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text
            .lines()
            .find_map(|line| line.strip_prefix("Requests/sec:"))
            .and_then(|rate| rate.trim().parse::<f64>().ok());
        let Some(rate) = rate else {
            bail!("wrk did not say how many requests it made: {text}");
        };
        let made = text.lines().find_map(|line| {
            let (made, rest) = line.trim().split_once(" requests in ")?;
            rest.contains(',').then(|| made.parse::<f64>().ok())?
        });
        let made = made.context("wrk did not say how many requests it made")?;
        Measured::new(made, made / rate, Cpu::of(&pids).since(before))
    }
}

/// redis, without writing to disk.
pub struct Redis {
    server: Running,
    benchmark: PathBuf,
    port: u16,
    // Last: its processes end before.
    _sandbox: Sandbox,
}

impl Redis {
    /// Starts it.
    ///
    /// # Errors
    /// redis-server or redis-benchmark is missing, or redis does not start.
    pub fn start() -> Result<Self> {
        let server = program("redis-server", "redis-server")?;
        let benchmark = program("redis-benchmark", "redis-tools")?;
        let sandbox = Sandbox::create("overhead-redis", false)?;
        let port = free_port()?;
        let text = port.to_string();
        let arguments = [
            "--port",
            &text,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        let server = sandbox.spawn(&server, arguments, "root")?;
        sandbox.wait_for_port(port)?;
        Ok(Self {
            server,
            benchmark,
            port,
            _sandbox: sandbox,
        })
    }

    /// Commands that it has processed.
    fn processed(&self) -> Result<f64> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.write_all(b"INFO stats\r\n")?;
        let (mut answer, mut part) = (String::new(), [0; 4096]);
        loop {
            let got = stream.read(&mut part)?;
            answer += &String::from_utf8_lossy(&part[..got]);
            let field = answer.split_once("total_commands_processed:");
            if let Some((number, _)) = field.and_then(|(_, rest)| rest.split_once('\r')) {
                return Ok(number.parse()?);
            }
            if got == 0 {
                bail!("redis does not say how many commands it processed");
            }
        }
    }
}

impl Subject for Redis {
    fn pids(&self) -> Vec<u32> {
        vec![self.server.pid()]
    }

    fn measure(&mut self, length: Duration) -> Result<Measured> {
        let mut command = Command::new(&self.benchmark);
        command.args(["-p", &self.port.to_string(), "-c", "16", "-q", "-l"]);
        command.args(["-t", "set,get", "-n", "20000", "-r", "10000"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _load = Running::start(command)?;
        // Its clients connect first.
        thread::sleep(Duration::from_millis(100));
        let pids = self.pids();
        let (before, begun, cpu) = (self.processed()?, Instant::now(), Cpu::of(&pids));
        thread::sleep(length);
        let (after, seconds) = (self.processed()?, begun.elapsed().as_secs_f64());
        Measured::new(after - before, seconds, Cpu::of(&pids).since(cpu))
    }
}
