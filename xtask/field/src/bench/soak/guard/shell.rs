//! A service whose processes come and go, which can be restarted, and which does what it never did
//! when it is told to.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Run;
use crate::scenarios::cgroup::Cgroup;
use crate::scenarios::tool::Running;

/// What it does: programs and subshells, one after the other.
const SCRIPT: &str = r#"while :; do
    /bin/true
    [ -e rest ] && { rm rest; exit; }
    [ -e attack ] && { . ./attack; rm attack; }
    (exit 0)
    sleep 0.05
done"#;

/// What it never did.
const ATTACKS: [(&str, &str); 3] = [
    ("a file of secrets is read", "cat /etc/shadow > /dev/null"),
    ("a program that it never ran", "./FRESH / > /dev/null"),
    ("a namespace of its own", "unshare --mount true"),
];

/// A service.
pub struct Shell {
    unit: String,
    folder: PathBuf,
    running: Option<(Running, Cgroup)>,
    restarts: u32,
}

impl Shell {
    /// The service of this number, not started yet.
    ///
    /// # Errors
    /// Its folder cannot be made.
    pub fn new(run: &Run<'_>, number: u32) -> Result<Self> {
        let unit = run.unit("shell", number);
        let folder = run.folder.join(&unit);
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self {
            unit,
            folder,
            running: None,
            restarts: 0,
        })
    }

    /// Its unit's name.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&mut self) -> Result<()> {
        let cgroup = Cgroup::create(&format!("system.slice/{}", self.unit))?;
        let mut command = cgroup.joining();
        command.args(["/bin/sh", "-c", SCRIPT]);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some((Running::start(command)?, cgroup));
        Ok(())
    }

    /// Starts it again; every other time it was killed before, else it ended by itself.
    ///
    /// # Errors
    /// It does not end, or cannot be started.
    pub fn restart(&mut self) -> Result<()> {
        if let Some((mut shell, cgroup)) = self.running.take() {
            if self.restarts.is_multiple_of(2) {
                fs::write(self.folder.join("rest"), "")?;
                shell.wait(Duration::from_secs(20))?;
            }
            drop(shell);
            drop(cgroup);
        }
        self.restarts += 1;
        self.start()
    }

    /// Has it do what it never did; says what.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn attack(&mut self, number: u32) -> Result<&'static str> {
        let (what, script) = ATTACKS[number as usize % ATTACKS.len()];
        let fresh = format!("fresh-{number}");
        fs::copy("/bin/ls", self.folder.join(&fresh)).context("/bin/ls")?;
        let whole = self.folder.join("attack.new");
        fs::write(&whole, script.replace("FRESH", &fresh) + "\n")?;
        fs::rename(whole, self.folder.join("attack"))?;
        Ok(what)
    }
}

/// Alarms of a unit, by how the host stands.
pub fn alarms(status: &Value, unit: &str) -> u64 {
    let key = format!("unit:{unit}");
    let mut services = status["services"].as_array().into_iter().flatten();
    let it = services.find(|it| it["service"] == key.as_str());
    it.and_then(|it| it["alarms"].as_u64()).unwrap_or(0)
}
