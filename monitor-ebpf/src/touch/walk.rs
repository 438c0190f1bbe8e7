//! Where a file is: the names of the folders above it, as the kernel has them.
//!
//! What a process calls a file may be a symbolic link, or relative to a directory that it leaves
//! again; the names of the kernel's own entries are neither. As far as the root of the mount
//! namespace, which above a `chroot` is more than the process sees.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use monitor_common::touch::{LEVEL, LEVELS, Touched};

use crate::{Error, kernel::read, setting::setting, task::Task};

/// A `struct path`.
#[derive(Clone, Copy)]
pub struct Place {
    /// A `struct vfsmount *`.
    mount: u64,
    /// A `struct dentry *`.
    pub entry: u64,
}

impl Place {
    /// None.
    pub const NONE: Self = Self { mount: 0, entry: 0 };

    #[inline(always)]
    pub const fn is_none(self) -> bool {
        self.entry == 0
    }

    #[inline(always)]
    fn of_path(path: u64) -> Result<Self, Error> {
        Ok(Self {
            mount: read(path, setting!(LAYOUT.path_mount))?,
            entry: read(path, setting!(LAYOUT.path_entry))?,
        })
    }

    /// Whether it is the root of its mount.
    #[inline(always)]
    fn is_root(self) -> Result<bool, Error> {
        let root: u64 = read(self.mount, setting!(LAYOUT.mount_root))?;
        Ok(root == self.entry)
    }
}

/// The directory of a descriptor, or the working directory where it is none.
#[inline(always)]
pub fn folder(descriptor: u32) -> Place {
    let place = if (descriptor as i32) < 0 {
        working()
    } else {
        file(descriptor).and_then(of_file)
    };
    place.unwrap_or(Place::NONE)
}

/// The file of a descriptor that was just opened, and its mode, 0 where that cannot be read.
#[inline(always)]
pub fn opened(descriptor: u32) -> (Place, u32) {
    let Ok(file) = file(descriptor) else {
        return (Place::NONE, 0);
    };
    (
        of_file(file).unwrap_or(Place::NONE),
        mode(file).unwrap_or(0),
    )
}

#[inline(always)]
fn mode(file: u64) -> Result<u32, Error> {
    let inode: u64 = read(file, setting!(LAYOUT.file_inode))?;
    let mode: u16 = read(inode, setting!(LAYOUT.inode_mode))?;
    Ok(u32::from(mode))
}

#[inline(always)]
fn of_file(file: u64) -> Result<Place, Error> {
    Place::of_path(file + u64::from(setting!(LAYOUT.file_path)))
}

#[inline(always)]
fn working() -> Result<Place, Error> {
    let fs: u64 = read(Task::current().address(), setting!(LAYOUT.task_fs))?;
    Place::of_path(fs + u64::from(setting!(LAYOUT.fs_working)))
}

/// The `struct file *` of a descriptor of the running task.
#[inline(always)]
fn file(descriptor: u32) -> Result<u64, Error> {
    let files: u64 = read(Task::current().address(), setting!(LAYOUT.task_files))?;
    let table: u64 = read(files, setting!(LAYOUT.files_table))?;
    let size: u32 = read(table, setting!(LAYOUT.table_size))?;
    if descriptor >= size {
        return Err(Error::Unreadable);
    }
    let all: u64 = read(table, setting!(LAYOUT.table_files))?;
    read(all + 8 * u64::from(descriptor), 0)
}

/// Writes the names from `place` up to the root into a record. The place, which is a map's, ends up
/// there.
#[inline(always)]
pub fn way(place: &mut Place, touched: *mut Touched) {
    // SAFETY: the record is the caller's own.
    unsafe {
        (&raw mut (*touched).levels).write(0);
        (&raw mut (*touched).whole).write(0);
    }
    for level in 0..LEVELS {
        if step(place, level, touched).is_err() {
            break;
        }
    }
}

/// Writes the name of `place` and goes to the folder above it. An error is the end of the way.
#[inline(always)]
fn step(place: *mut Place, level: usize, touched: *mut Touched) -> Result<(), Error> {
    // SAFETY: the place is the caller's own. Read and written as it is: what is in a map the
    // verifier does not follow, so that all ways to it are one.
    let (at, put) = unsafe { (place.read_volatile(), |it| place.write_volatile(it)) };
    if at.is_none() {
        return Err(Error::Unreadable);
    }
    put(below_mounts(at)?);
    // SAFETY: as above.
    let at = unsafe { place.read_volatile() };
    if at.is_none() {
        // SAFETY: the record is the caller's own.
        unsafe { (&raw mut (*touched).whole).write(1) };
        return Err(Error::Unreadable);
    }
    let name: u64 = read(at.entry, setting!(LAYOUT.entry_name))?;
    // SAFETY: the record is the caller's own, the buffer as long as the helper is told; it checks
    // the address itself.
    let length = unsafe {
        bpf_probe_read_kernel_str(
            (&raw mut (*touched).names[level]).cast(),
            LEVEL as u32,
            name as *const core::ffi::c_void,
        )
    };
    // One that fills its place may be the beginning of a longer one.
    if length <= 0 || length >= LEVEL as i64 {
        return Err(Error::Unreadable);
    }
    // SAFETY: the record is the caller's own.
    unsafe { (&raw mut (*touched).levels).write_volatile(level as u32 + 1) };
    let parent: u64 = read(at.entry, setting!(LAYOUT.entry_parent))?;
    // An entry that is its own parent and no mount's root is in no tree: a file that was removed, a
    // pipe.
    if parent == at.entry {
        return Err(Error::Unreadable);
    }
    put(Place {
        entry: parent,
        ..at
    });
    Ok(())
}

/// The place where the mount is mounted of which this is the root; none of the root of all. Where
/// several are mounted on top of each other elsewhere the way ends, as that place is a root again.
#[inline(always)]
fn below_mounts(place: Place) -> Result<Place, Error> {
    if !place.is_root()? {
        return Ok(place);
    }
    let mount = place.mount - u64::from(setting!(LAYOUT.mount_inner));
    let parent: u64 = read(mount, setting!(LAYOUT.mount_parent))?;
    if parent == mount {
        return Ok(Place::NONE);
    }
    let below = Place {
        mount: parent + u64::from(setting!(LAYOUT.mount_inner)),
        entry: read(mount, setting!(LAYOUT.mount_point))?,
    };
    // The root file system itself mostly lies on top of the kernel's first one.
    if below.is_root()? {
        let above: u64 = read(parent, setting!(LAYOUT.mount_parent))?;
        if above == parent {
            return Ok(Place::NONE);
        }
    }
    Ok(below)
}
