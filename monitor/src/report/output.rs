//! Where lines are written, whole.

use std::io::{self, Write};
use std::path::Path;

use crate::run::private_file::{self, Existing};

/// A line on the terminal that is taken away while something is written, and drawn again.
pub type MakesWay = Box<dyn Fn(&mut dyn FnMut()) + Send>;

/// Takes whole lines: each goes out in one write, so that a reader of the file never meets half of
/// one while the monitor runs.
pub struct Output {
    to: Box<dyn Write + Send>,
    /// A line on the terminal that has to make way.
    live_line: Option<MakesWay>,
    /// The last line is cut: a full disk took only its beginning.
    torn: bool,
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

    /// The end of the file at `path`, which is made, for this user alone, if it is not there.
    ///
    /// # Errors
    /// As of [`private_file::open`].
    pub fn append(path: &Path) -> io::Result<Self> {
        let file = private_file::open(path, Existing::Append)?;
        Ok(Self::new(Box::new(file)))
    }

    /// Writes to `to`.
    #[must_use]
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self {
            to,
            live_line: None,
            torn: false,
        }
    }

    /// Lets `line` make way for what is written here, on the same terminal.
    #[must_use]
    pub fn beside(mut self, line: Option<MakesWay>) -> Self {
        self.live_line = line;
        self
    }

    /// Writes `lines`, which end with a newline.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let Self {
            to,
            torn,
            live_line,
        } = self;
        let mut written = Ok(());
        let mut put = || {
            // What was cut stays recognisable, and costs no line but itself.
            if *torn {
                to.write_all(b"\n")?;
                *torn = false;
            }
            write_whole(to.as_mut(), lines, torn)?;
            to.flush()
        };
        match live_line {
            Some(makes_way) => makes_way(&mut || written = put()),
            None => written = put(),
        }
        written
    }
}

/// [`Write::write_all`] that says whether a failure left a part of `lines` behind.
fn write_whole(to: &mut dyn Write, lines: &[u8], torn: &mut bool) -> io::Result<()> {
    let mut written = 0;
    while let Some(rest) = lines.get(written..).filter(|rest| !rest.is_empty()) {
        match to.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *torn = written > 0;
                return Err(error);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::Output;

    /// A disk with so much room.
    #[derive(Clone, Default)]
    struct Disk {
        written: Arc<Mutex<Vec<u8>>>,
        room: Arc<Mutex<usize>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut room = self.room.lock().expect("no panic");
            let count = bytes.len().min(*room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= count;
            self.written
                .lock()
                .expect("no panic")
                .extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_a_full_disk_cut_damages_no_other() {
        let disk = Disk::default();
        *disk.room.lock().expect("no panic") = 9;
        let mut output = Output::new(Box::new(disk.clone()));
        output.write(b"first\n").expect("there is room");
        output.write(b"second\n").expect_err("no room");
        *disk.room.lock().expect("no panic") = 100;
        output.write(b"second\n").expect("there is room again");
        output.write(b"third\n").expect("there is room");
        let written = disk.written.lock().expect("no panic").clone();
        assert_eq!(written, b"first\nsec\nsecond\nthird\n");
    }
}
