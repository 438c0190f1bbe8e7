//! The record in which the probe sends what a call touched.

/// Bytes of memory that a record holds.
pub const MEMORY: usize = 256;

/// Names of folders that a record holds at most.
pub const LEVELS: usize = 10;

/// Bytes of such a name, with its NUL.
pub const LEVEL: usize = 40;

/// Of [`Touched::walked`]: nothing was walked.
pub const WALKED_NOTHING: u32 = 0;
/// Of [`Touched::walked`]: the directory that the path is relative to.
pub const WALKED_FOLDER: u32 = 1;
/// Of [`Touched::walked`]: the file that was opened.
pub const WALKED_FILE: u32 = 2;

/// The first word of a record, by which it is told from a window.
pub const TOUCH: u32 = 0x100;

/// In the place of a length: the memory could not be read.
pub const UNREADABLE: u32 = u32::MAX;

/// In the place of a result: not known.
pub const NO_RESULT: i64 = i64::MIN;

/// That a call touched something that was not sent lately.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Touched {
    /// [`TOUCH`].
    pub kind: u32,
    /// Bytes of `memory` that are filled, without the NUL of a string; or [`UNREADABLE`].
    pub len: u32,
    /// Thread group id, in the monitor's pid namespace.
    pub tgid: u32,
    /// Thread id, in the monitor's pid namespace.
    pub tid: u32,
    /// `task_struct.start_boottime`, nanoseconds.
    pub start_ns: u64,
    /// The place of the call in its thread.
    pub seq: u64,
    /// `bpf_ktime_get_ns` when it was made.
    pub time_ns: u64,
    /// `task_struct.comm` as of the thread's window, padded with NUL.
    pub comm: [u8; 16],
    /// The call's number.
    pub number: u32,
    /// The tag of its ABI.
    pub abi_tag: u32,
    /// What the kernel returned, or [`NO_RESULT`].
    pub result: i64,
    /// Which directory a path is relative to, as the process gave it; `AT_FDCWD` is −100.
    pub directory: i32,
    /// The service that the thread belonged to.
    pub service: u32,
    /// The arguments, the bits of the rule.
    pub arguments: [u64; 6],
    /// The word of the rule.
    pub word: u64,
    /// The bits of the rule.
    pub flags: u32,
    /// What `names` are the way to: [`WALKED_NOTHING`] and the like.
    pub walked: u32,
    /// How many `names` are filled.
    pub levels: u32,
    /// Whether they reach the root of the process's file systems: 0 or 1.
    pub whole: u32,
    /// `inode.i_mode` of the file that was opened, 0 where that is not known.
    pub mode: u32,
    /// Nothing.
    pub padding: u32,
    /// What was in the process's memory.
    pub memory: [u8; MEMORY],
    /// Names of a file and the folders above it, as the kernel has them, the innermost first, each
    /// with its NUL.
    pub names: [[u8; LEVEL]; LEVELS],
}

pub(super) const HEADER: usize = 160;
const _: () = assert!(size_of::<Touched>() == HEADER + MEMORY + LEVEL * LEVELS);
const _: () = assert!(core::mem::offset_of!(Touched, memory) == HEADER);

impl Touched {
    /// Bytes of a record.
    pub const SIZE: usize = size_of::<Self>();

    /// Reads a record in this machine's byte order; `None` when it is none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let u32_at = |at: usize| Some(u32::from_ne_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_ne_bytes(header.get(at..at + 8)?.try_into().ok()?));
        let mut arguments = [0; 6];
        for (place, argument) in arguments.iter_mut().enumerate() {
            *argument = u64_at(80 + 8 * place)?;
        }
        let touched = Self {
            kind: u32_at(0)?,
            len: u32_at(4)?,
            tgid: u32_at(8)?,
            tid: u32_at(12)?,
            start_ns: u64_at(16)?,
            seq: u64_at(24)?,
            time_ns: u64_at(32)?,
            comm: header.get(40..56)?.try_into().ok()?,
            number: u32_at(56)?,
            abi_tag: u32_at(60)?,
            result: u64_at(64)? as i64,
            directory: u32_at(72)? as i32,
            service: u32_at(76)?,
            arguments,
            word: u64_at(128)?,
            flags: u32_at(136)?,
            walked: u32_at(140)?,
            levels: u32_at(144)?,
            whole: u32_at(148)?,
            mode: u32_at(152)?,
            padding: 0,
            memory: rest.first_chunk().copied()?,
            names: names(rest.get(MEMORY..)?)?,
        };
        let fits = touched.len == UNREADABLE || touched.len as usize <= MEMORY;
        let fits = fits && touched.levels as usize <= LEVELS;
        (touched.kind == TOUCH && fits).then_some(touched)
    }

    /// The names from the root on; `None` where one was too long for its place, or the root was not
    /// reached.
    pub fn way(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let names = self.names.get(..self.levels as usize)?;
        (self.whole == 1).then(|| {
            names.iter().rev().map(|name| {
                let end = name.iter().position(|&byte| byte == 0);
                name.get(..end.unwrap_or(LEVEL)).unwrap_or(&[])
            })
        })
    }

    /// What was in the process's memory; `None` where it could not be read.
    #[must_use]
    pub fn memory(&self) -> Option<&[u8]> {
        self.memory.get(..self.len as usize)
    }
}

fn names(bytes: &[u8]) -> Option<[[u8; LEVEL]; LEVELS]> {
    let mut names = [[0; LEVEL]; LEVELS];
    for (place, name) in names.iter_mut().enumerate() {
        *name = bytes.get(LEVEL * place..)?.first_chunk().copied()?;
    }
    Some(names)
}
