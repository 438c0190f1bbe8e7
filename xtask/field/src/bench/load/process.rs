//! A load in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::{Done, Options};
use crate::scenarios::cgroup::Cgroup;

/// A process that waits to be told to begin. It ends when this is dropped.
pub struct Load {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Load {
    /// Starts the process, which then waits.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(options: &Options) -> Result<Self> {
        Self::start_by(Command::new(this()?), options)
    }

    /// The same in a cgroup, as a service manager does it: the child joins, and then executes the
    /// program.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_in(cgroup: &Cgroup, options: &Options) -> Result<Self> {
        let mut command = cgroup.joining();
        command.arg(this()?);
        Self::start_by(command, options)
    }

    fn start_by(mut command: Command, options: &Options) -> Result<Self> {
        command.args(["bench", "load", "--wait", "--kind", options.kind.name()]);
        command.arg(format!("--threads={}", options.threads));
        command.arg(format!("--seconds={}", options.seconds));
        if let Some(rate) = options.rate {
            command.arg(format!("--rate={rate}"));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the load")?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the load has no pipes");
        };
        let mut load = Self {
            child,
            orders: Some(orders),
            answers: BufReader::new(answers),
        };
        load.line()?;
        Ok(load)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it work once. It can be asked again.
    ///
    /// # Errors
    /// It has ended.
    pub fn work(&mut self) -> Result<Done> {
        self.begin()?;
        self.done()
    }

    /// Lets it begin, without waiting for its end.
    ///
    /// # Errors
    /// It has ended.
    pub fn begin(&mut self) -> Result<()> {
        let orders = self.orders.as_mut().context("the load was told to end")?;
        writeln!(orders).and_then(|()| orders.flush())?;
        Ok(())
    }

    /// Waits until it is done.
    ///
    /// # Errors
    /// It has ended without.
    pub fn done(&mut self) -> Result<Done> {
        let line = self.line()?;
        serde_json::from_str(&line).context("what the load says of itself")
    }

    /// Lets it end by itself, so that all that it does is done.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn end(mut self) -> Result<()> {
        drop(self.orders.take());
        self.child.wait().context("the load")?;
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the load ended by itself: its error stands above");
        }
        Ok(line)
    }
}

fn this() -> Result<PathBuf> {
    std::env::current_exe().context("this program's own path")
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.orders.take());
        // A tracer may hold it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
