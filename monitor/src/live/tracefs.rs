//! The ids of perf tracepoints, which only tracefs tells.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read as _},
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
};

/// An open tracefs.
pub(super) struct Tracefs(OwnedFd);

/// `TRACEFS_MAGIC` of include/uapi/linux/magic.h.
const MAGIC: i64 = 0x7472_6163;
/// `FSCONFIG_CMD_CREATE` of include/uapi/linux/mount.h.
const CONFIGURE_CREATE: libc::c_long = 6;
const CLOSE_ON_EXEC: libc::c_long = 1;

impl Tracefs {
    /// Opens it where it is mounted, else by a mount that only this process sees.
    ///
    /// # Errors
    ///
    /// When the kernel refuses, with the remedy: the mount needs `CAP_SYS_ADMIN`.
    pub(super) fn open() -> io::Result<Self> {
        Self::find().map_err(inaccessible)
    }

    fn find() -> io::Result<Self> {
        let mounted = [c"/sys/kernel/tracing", c"/sys/kernel/debug/tracing"];
        for path in mounted {
            if let Ok(folder) = open_at(libc::AT_FDCWD, path, libc::O_PATH | libc::O_DIRECTORY)
                && is_tracefs(&folder)
            {
                return Ok(Self(folder));
            }
        }
        Self::mount()
    }

    // fsopen, fsconfig and fsmount are there since Linux 5.2.
    fn mount() -> io::Result<Self> {
        // SAFETY: the name is a string with its NUL.
        let context =
            owned(unsafe { libc::syscall(libc::SYS_fsopen, c"tracefs".as_ptr(), CLOSE_ON_EXEC) })?;
        let context = context.as_raw_fd();
        let none = std::ptr::null::<libc::c_char>();
        // SAFETY: the command takes neither key nor value.
        let created =
            unsafe { libc::syscall(libc::SYS_fsconfig, context, CONFIGURE_CREATE, none, none, 0) };
        if created < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: takes no pointer.
        let mount = unsafe { libc::syscall(libc::SYS_fsmount, context, CLOSE_ON_EXEC, 0) };
        owned(mount).map(Self)
    }

    /// The id of the tracepoint whose folder below `events` is given.
    ///
    /// # Errors
    ///
    /// When there is no such tracepoint, or reading is refused, with the remedy.
    pub(super) fn id(&self, file: &CStr) -> io::Result<u64> {
        self.read_id(file).map_err(inaccessible)
    }

    fn read_id(&self, file: &CStr) -> io::Result<u64> {
        let file = open_at(self.0.as_raw_fd(), file, libc::O_RDONLY)?;
        let mut text = String::new();
        File::from(file).take(32).read_to_string(&mut text)?;
        let id = text.trim().parse();
        id.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the id is no number"))
    }
}

/// The refusal with its remedy behind the last colon; its kind stays.
fn inaccessible(error: io::Error) -> io::Error {
    let told = format!(
        "tracefs is not accessible ({error}): run as root, or mount it readable (mount -t tracefs \
         tracefs /sys/kernel/tracing)"
    );
    io::Error::new(error.kind(), told)
}

fn open_at(folder: RawFd, path: &CStr, flags: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: the path is a string with its NUL.
    let fd = unsafe { libc::openat(folder, path.as_ptr(), flags | libc::O_CLOEXEC) };
    owned(fd.into())
}

fn owned(fd: libc::c_long) -> io::Result<OwnedFd> {
    let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just opened it for nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn is_tracefs(folder: &OwnedFd) -> bool {
    // SAFETY: all of the structure's members are numbers.
    let mut about: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and the structure is live.
    let status = unsafe { libc::fstatfs(folder.as_raw_fd(), &raw mut about) };
    status == 0 && about.f_type as i64 == MAGIC
}
