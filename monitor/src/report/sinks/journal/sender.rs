//! Who sends to the journal as root.
//!
//! journald says of a process what it knows of it, and shows what is about a unit's process beside
//! the unit's own log (`journalctl -u`), when root asks for that alone (`allow_object_pid`,
//! src/journal/journald-native.c; `add_matches_for_unit`, src/shared/logs-show.c). A monitor has
//! given root's user up when an incident comes. So a helper is started before: this program again,
//! which stays root's, without any capability, any file but what every run reads, and any call that
//! changes something. It sends to one socket what it is given.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, recv, send, setsockopt, socketpair,
    sockopt::ReceiveTimeout,
};
use nix::sys::time::{TimeVal, TimeValLike as _};

use super::Direct;
use crate::live::privileges::{Needs, give_up};

/// The name of the command that is the helper, as the command line must know it.
pub const COMMAND: &str = "output-journal";

/// Longest datagram, bytes: a record and the other fields.
const LONGEST: usize = 128 << 10;

/// How long an answer may take, seconds: the journal's socket is waited for less.
const PATIENCE: i64 = 10;

/// The helper, as the monitor has it.
pub(super) struct Sender {
    child: Child,
    channel: OwnedFd,
}

impl Sender {
    /// Starts the helper for the journal's socket at `path`, and waits until it has given up what
    /// it does not need.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or this kernel does not keep it from files.
    pub(super) fn start(path: &Path) -> io::Result<Self> {
        // Ends of messages are kept, and the end of either side is seen.
        let (channel, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        setsockopt(&channel, ReceiveTimeout, &TimeVal::seconds(PATIENCE))?;
        let child = Command::new("/proc/self/exe")
            .arg(COMMAND)
            .arg(path)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let sender = Self { child, channel };
        sender.answer()?;
        Ok(sender)
    }

    /// Sends a datagram, and says what became of it. Any error but one of the journal's means that
    /// the helper is lost.
    pub(super) fn send(&self, datagram: &[u8]) -> io::Result<Result<(), io::Error>> {
        send(self.channel.as_raw_fd(), datagram, MsgFlags::MSG_NOSIGNAL)?;
        Ok(match self.answer()? {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error)),
        })
    }

    fn answer(&self) -> io::Result<i32> {
        let mut answer = [0; 4];
        match recv(self.channel.as_raw_fd(), &mut answer, MsgFlags::empty())? {
            4 => Ok(i32::from_ne_bytes(answer)),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // It ends by itself when the channel does.
        let _ = self.child.try_wait();
    }
}

/// Is the helper until the other end of `channel` is closed.
///
/// # Errors
///
/// When it cannot give up what it does not need, or the channel fails.
pub fn serve(channel: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    // What the monitor says at its end goes through here, so its end alone ends this process.
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        // SAFETY: to ignore a signal runs no code of this process.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let needs = Needs {
        families: vec![libc::AF_UNIX],
        stays_the_user: true,
        ..Needs::default()
    };
    let remains = give_up(&needs).map_err(io::Error::other)?;
    if let Some(why) = remains.0.first() {
        return Err(io::Error::other(*why));
    }
    let mut journal = Direct::new(path);
    let mut datagram = vec![0; LONGEST];
    let mut status = 0_i32;
    loop {
        let answer = status.to_ne_bytes();
        send(channel.as_raw_fd(), &answer, MsgFlags::MSG_NOSIGNAL)?;
        let bytes = match recv(channel.as_raw_fd(), &mut datagram, MsgFlags::MSG_TRUNC)? {
            0 => return Ok(()),
            bytes => datagram.get(..bytes).ok_or(Errno::EMSGSIZE),
        };
        status = match bytes.map(|it| journal.send(it)) {
            Ok(Ok(())) => 0,
            Ok(Err(error)) => error.raw_os_error().unwrap_or(libc::EIO),
            Err(error) => error as i32,
        };
    }
}
