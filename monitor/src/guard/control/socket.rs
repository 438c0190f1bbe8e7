//! The socket's file.

use std::fs;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;

use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{Mode, fchmod};

use super::Control;
use super::serving::accept;
use crate::guard::rights::{Does, keep_only};

/// The group whose members may ask.
const GROUP: &str = "monitor";

/// A bound socket. It is removed when the run ends.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds the socket at `path`, with mode 0660 and of the group `monitor` where there is one.
    /// One that a dead monitor left behind is replaced.
    ///
    /// # Errors
    /// When a living monitor serves there, or it cannot be bound.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        if let Ok(about) = fs::symlink_metadata(path) {
            if !about.file_type().is_socket() {
                return Err(io::Error::other("something else than a socket is there"));
            }
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::Error::other("another monitor serves there already"));
            }
            fs::remove_file(path)?;
        }
        let listener = listen(path)?;
        if let Ok(Some(group)) = nix::unistd::Group::from_name(GROUP)
            && std::os::unix::fs::chown(path, None, Some(group.gid.as_raw())).is_ok()
        {
            fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
        }
        Ok(Self {
            listener,
            path: path.to_path_buf(),
        })
    }

    /// Serves on a thread of its own until the process ends.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn serve(self, control: Control) -> io::Result<Served> {
        let path = self.path;
        thread::Builder::new()
            .name("control".into())
            .spawn(move || {
                keep_only(Does::Reads(&control.folders()));
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                // Without one nobody is answered; the watch goes on.
                if let Ok(runtime) = runtime {
                    runtime.block_on(accept(self.listener, control));
                }
            })?;
        Ok(Served { path })
    }
}

/// A listener whose file is this user's alone from its first moment on.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    // The file takes the socket's mode (`unix_bind_bsd`, net/unix/af_unix.c). A umask would be that
    // of every thread.
    fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
    socket::bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    socket::listen(&socket, Backlog::MAXCONN)?;
    Ok(socket.into())
}

/// Removes the socket when the run ends.
pub struct Served {
    path: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = fs::remove_file(&self.path);
    }
}
