//! Where lines are written, whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use indicatif::ProgressBar;

/// Takes whole lines: each goes out in one write, so that a reader of the file never meets half of
/// one while the monitor runs.
pub struct Output {
    to: Box<dyn Write + Send>,
    /// A line on the terminal that has to make way.
    live_line: Option<ProgressBar>,
}

impl Output {
    /// Standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(Box::new(io::stdout()))
    }

    /// Standard error.
    #[must_use]
    pub fn stderr() -> Self {
        Self::new(Box::new(io::stderr()))
    }

    /// The end of the file at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub fn append(path: &Path) -> io::Result<Self> {
        let file: File = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self::new(Box::new(file)))
    }

    /// Writes to `to`.
    #[must_use]
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self {
            to,
            live_line: None,
        }
    }

    /// Lets `line` make way for what is written here, on the same terminal.
    #[must_use]
    pub fn beside(mut self, line: Option<ProgressBar>) -> Self {
        self.live_line = line;
        self
    }

    /// Writes `lines`, which end with a newline.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let to = &mut self.to;
        let mut put = || to.write_all(lines).and_then(|()| to.flush());
        match &self.live_line {
            Some(line) => line.suspend(put),
            None => put(),
        }
    }
}
