//! Builds and runs `service.c`.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::scenarios::implant::Implant;
use crate::scenarios::marks::Control;

/// The running service; it ends with this.
pub struct Service {
    child: Child,
    id: u32,
}

impl Service {
    /// Starts it, as the arguments of `before` when there are any (a tracer, a user).
    pub fn start(folder: &Path, implant: &Implant, control: &Control, before: &[&str]) -> Self {
        let source = folder.join("service.c");
        std::fs::write(&source, include_str!("service.c")).expect("written");
        let program = folder.join("service");
        let built = Command::new("cc")
            .arg("-w")
            .arg("-o")
            .args([&program, &source])
            .status();
        assert!(built.expect("cc").success());
        let mut words: Vec<_> = before.iter().map(|&word| word.to_owned()).collect();
        if before.is_empty() {
            words.push("env".to_owned());
        }
        let [(preload, object), (control, file)] = implant.environment(control);
        // By env, so that a tracer before it runs without the implant.
        if !before.is_empty() {
            words.push("env".to_owned());
        }
        words.push(format!("{preload}={}", object.to_string_lossy()));
        words.push(format!("{control}={}", file.to_string_lossy()));
        words.push(program.display().to_string());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        let child = command.spawn().expect("started");
        let id = found(&program);
        Self { child, id }
    }

    /// Its tgid.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// The process that runs `program`.
fn found(program: &Path) -> u32 {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
        let mut ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let runs = |id: &u32| {
            std::fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == program)
        };
        if let Some(id) = ids.find(runs) {
            return id;
        }
        assert!(Instant::now() < deadline, "the service did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let id = nix::unistd::Pid::from_raw(self.id.cast_signed());
        let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
