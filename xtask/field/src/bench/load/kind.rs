//! What a load does over and over.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::path::PathBuf;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use nix::libc;

/// A kind of load.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Kind {
    /// The cheapest call there is, `getppid`.
    Getppid,
    /// A file that is there already is opened and closed.
    Open,
    /// A file is made, written, asked for its state, read, closed and removed.
    Files,
    /// A byte goes to another thread through a pipe and back through another.
    Pipe,
    /// Calls of several kinds in which threads do not wait for each other.
    Mixed,
}

/// One operation that can be repeated.
pub trait Operation {
    /// Does it once.
    ///
    /// # Errors
    /// A call that failed.
    fn once(&mut self) -> io::Result<()>;

    /// System calls that it makes, in all its threads.
    fn calls(&self) -> u64;

    /// How often it is done between two looks at the clock.
    fn between_looks(&self) -> u64;
}

impl Kind {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Getppid => "getppid",
            Self::Open => "open",
            Self::Files => "files",
            Self::Pipe => "pipe",
            Self::Mixed => "mixed",
        }
    }

    /// Gets what it needs; `lane` tells threads apart.
    ///
    /// # Errors
    /// What it does not get.
    pub fn start(self, lane: usize) -> Result<Box<dyn Operation>> {
        Ok(match self {
            Self::Getppid => Box::new(Getppid),
            Self::Open => Box::new(Open),
            Self::Files => Box::new(Files::new(lane)?),
            Self::Pipe => Box::new(Pipe::new()?),
            Self::Mixed => Box::new(Mixed { block: [7; 64] }),
        })
    }
}

struct Getppid;

impl Operation for Getppid {
    fn once(&mut self) -> io::Result<()> {
        // SAFETY: the call takes nothing and cannot fail.
        unsafe { libc::syscall(libc::SYS_getppid) };
        Ok(())
    }

    fn calls(&self) -> u64 {
        1
    }

    fn between_looks(&self) -> u64 {
        256
    }
}

struct Open;

impl Operation for Open {
    fn once(&mut self) -> io::Result<()> {
        // SAFETY: the path ends with NUL, and the descriptor is this function's own.
        unsafe {
            let device = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            checked(device as isize)?;
            checked(libc::close(device) as isize)?;
        }
        Ok(())
    }

    fn calls(&self) -> u64 {
        2
    }

    fn between_looks(&self) -> u64 {
        64
    }
}

struct Files {
    path: CString,
    block: [u8; 4096],
}

impl Files {
    fn new(lane: usize) -> Result<Self> {
        let shared_memory = PathBuf::from("/dev/shm");
        // Memory, so that no disk is measured.
        let folder = if shared_memory.is_dir() {
            shared_memory
        } else {
            std::env::temp_dir()
        };
        let name = format!("monitor-bench-{}-{lane}", std::process::id());
        let path = folder.join(name).into_os_string().into_encoded_bytes();
        Ok(Self {
            path: CString::new(path).context("the temporary folder's name")?,
            block: [7; 4096],
        })
    }
}

fn checked(status: isize) -> io::Result<isize> {
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(status)
}

impl Operation for Files {
    fn once(&mut self) -> io::Result<()> {
        let flags = libc::O_CREAT | libc::O_RDWR | libc::O_TRUNC | libc::O_CLOEXEC;
        let (block, length) = (self.block.as_mut_ptr().cast(), self.block.len());
        // SAFETY: the path ends with NUL, the block is as long as stated and written by nobody
        // else, the descriptor is this function's own, and a zeroed `stat` is valid.
        unsafe {
            let file = libc::open(self.path.as_ptr(), flags, 0o600);
            checked(file as isize)?;
            let mut state: libc::stat = std::mem::zeroed();
            checked(libc::write(file, block, length))?;
            checked(libc::fstat(file, &raw mut state) as isize)?;
            checked(libc::pread(file, block, length, 0))?;
            checked(libc::close(file) as isize)?;
            checked(libc::unlink(self.path.as_ptr()) as isize)?;
        }
        Ok(())
    }

    fn calls(&self) -> u64 {
        6
    }

    fn between_looks(&self) -> u64 {
        16
    }
}

struct Mixed {
    block: [u8; 64],
}

impl Operation for Mixed {
    fn once(&mut self) -> io::Result<()> {
        let (block, length) = (self.block.as_mut_ptr().cast(), self.block.len());
        // A device: making files would have thousands of threads wait for their folder.
        let flags = libc::O_RDWR | libc::O_CLOEXEC;
        // SAFETY: the path ends with NUL, the block is as long as stated and written by nobody
        // else, the descriptor is this function's own, and a zeroed `stat` is valid.
        unsafe {
            let device = libc::open(c"/dev/zero".as_ptr(), flags);
            checked(device as isize)?;
            let mut state: libc::stat = std::mem::zeroed();
            checked(libc::fstat(device, &raw mut state) as isize)?;
            checked(libc::read(device, block, length))?;
            checked(libc::write(device, block, length))?;
            checked(libc::lseek(device, 0, libc::SEEK_SET) as isize)?;
            libc::syscall(libc::SYS_getppid);
            checked(libc::close(device) as isize)?;
        }
        Ok(())
    }

    fn calls(&self) -> u64 {
        7
    }

    fn between_looks(&self) -> u64 {
        16
    }
}

struct Pipe {
    there: Option<OwnedFd>,
    back: OwnedFd,
    other: Option<JoinHandle<()>>,
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors, which are nobody's else afterwards.
    unsafe {
        checked(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) as isize)?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

fn give(end: &OwnedFd) -> io::Result<isize> {
    let byte = [1_u8];
    // SAFETY: the buffer holds the one byte.
    checked(unsafe { libc::write(end.as_raw_fd(), byte.as_ptr().cast(), 1) })
}

fn take(end: &OwnedFd) -> io::Result<isize> {
    let mut byte = [0_u8];
    // SAFETY: the buffer has room for the one byte.
    checked(unsafe { libc::read(end.as_raw_fd(), byte.as_mut_ptr().cast(), 1) })
}

impl Pipe {
    fn new() -> Result<Self> {
        let ((their_end, there), (back, their_answer)) = (pipe()?, pipe()?);
        let other = std::thread::Builder::new()
            .name("echo".into())
            .stack_size(1 << 16)
            // It ends when this side closes its end.
            .spawn(
                move || {
                    while matches!(take(&their_end), Ok(1)) && give(&their_answer).is_ok() {}
                },
            )
            .context("cannot start a thread")?;
        Ok(Self {
            there: Some(there),
            back,
            other: Some(other),
        })
    }
}

impl Operation for Pipe {
    fn once(&mut self) -> io::Result<()> {
        if let Some(there) = &self.there {
            give(there)?;
        }
        take(&self.back)?;
        Ok(())
    }

    fn calls(&self) -> u64 {
        4
    }

    fn between_looks(&self) -> u64 {
        4
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        drop(self.there.take());
        if let Some(other) = self.other.take() {
            let _ = other.join();
        }
    }
}
