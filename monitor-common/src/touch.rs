//! What the probe reads of a call beside its number, and the record in which it sends that.

/// Numbers of a table that can have a rule.
pub const NUMBERS: u32 = 1024;

/// Entries of [`crate::names::RULE_OF`]: every number of every table.
pub const RULE_PLACES: u32 = 8 * NUMBERS;

/// Rules, the first of which is none.
pub const RULES: u32 = 64;

/// Bytes of memory that a record holds.
pub const MEMORY: usize = 256;

/// Bytes of a socket's address that are read: more than `struct sockaddr_un` has (`include/uapi/linux/un.h`).
pub const ADDRESS: u32 = 112;

/// In the place of an argument: none.
pub const NO_ARGUMENT: u8 = 255;

/// In the place of an argument: the word that was read of memory.
pub const WORD: u8 = 254;

/// Of [`Rule::flags`]: ports that clients are given by chance are all the same.
pub const ANY_CLIENT_PORT: u8 = 1;
/// Of [`Rule::flags`]: the thread tells how the call went when it returns.
pub const OUTCOME: u8 = 2;
/// Of [`Rule::flags`]: the same only of a call that fails, as one that succeeds leaves no memory to read again.
pub const OUTCOME_OF_FAILURE: u8 = 4;
/// Of [`Rule::flags`]: pointers in the process's structures have 32 bits.
pub const SHORT_POINTERS: u8 = 8;
/// Of [`Rule::flags`]: the call returns a descriptor of the file that the path names.
pub const OPENS: u8 = 16;
/// Of [`Rule::flags`]: it reads the second thing of a call.
pub const SECOND: u8 = 32;
/// Of [`Rule::flags`]: the directory's descriptor is the upper half of its argument.
pub const UPPER_FOLDER: u8 = 64;

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

/// Where the rule of a call stands in [`crate::names::RULE_OF`].
#[inline(always)]
#[must_use]
pub const fn rule_place(abi_tag: u8, number: u32) -> Option<u32> {
    if number < NUMBERS && abi_tag < 8 {
        Some(abi_tag as u32 * NUMBERS + number)
    } else {
        None
    }
}

/// What is read of the process's memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Memory {
    /// Nothing.
    None = 0,
    /// A string up to its NUL.
    Text = 1,
    /// A socket's address of the length in the argument `second`.
    Address = 2,
    /// Eight bytes.
    Word = 3,
    /// A string, and eight bytes where the argument `second` points.
    TextAndWord = 4,
    /// The address in a `struct msghdr`.
    Message = 5,
    /// What a call of i386's `socketcall` has for an address, or domain and type of its socket.
    SocketCall = 6,
    /// Eight bytes, eight bytes behind the pointer.
    WordBehind = 7,
    /// A string of the kernel's, in a `struct filename`.
    KernelText = 8,
}

/// A program that does a part of the reading, by its index in [`crate::names::RAW_STAGES`] and
/// [`crate::names::PERF_STAGES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Stage {
    /// Takes the arguments that count.
    Arguments = 0,
    /// Reads a path.
    Text = 1,
    /// Reads a socket's address.
    Address = 2,
    /// Reads eight bytes.
    Word = 3,
    /// Sends what is new.
    Send = 4,
}

/// How many stages there are.
pub const STAGES: u32 = 5;

/// How a call is read. User space writes it; the probe holds no policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Rule {
    /// The bits of each argument by which one thing is told from another.
    pub masks: [u64; 6],
    /// Bits of the argument `condition` of which one must be set, else the call touches nothing.
    pub needed: u64,
    /// A [`Memory`].
    pub memory: u8,
    /// The argument that points to it.
    pub pointer: u8,
    /// The argument with its length, or that points to the word.
    pub second: u8,
    /// The argument of `needed`, [`WORD`] or [`NO_ARGUMENT`].
    pub condition: u8,
    /// The argument that is a process: only whether it is the own one counts, and its mask is 0. Or [`NO_ARGUMENT`].
    pub process: u8,
    /// The argument that is the descriptor of the directory that a path is relative to; [`NO_ARGUMENT`] where that is the
    /// working directory.
    pub folder: u8,
    /// The rule that reads something else of the same call; 0 is none.
    pub next: u8,
    /// Bits such as [`OUTCOME`].
    pub flags: u8,
}

/// In the place of another process's id.
pub const OTHER_PROCESS: u64 = 0x7fff_ffff;

/// The first port that is a client's by chance, and the one that stands for all of them.
pub const CLIENT_PORT: u16 = 32_768;

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
    /// Names of a file and the folders above it, as the kernel has them, the innermost first, each with its NUL.
    pub names: [[u8; LEVEL]; LEVELS],
}

const HEADER: usize = 160;
const _: () = assert!(size_of::<Touched>() == HEADER + MEMORY + LEVEL * LEVELS);
const _: () = assert!(core::mem::offset_of!(Touched, memory) == HEADER);
const _: () = assert!(size_of::<Rule>() == 64);

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

    /// The names from the root on; `None` where one was too long for its place, or the root was not reached.
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

impl Rule {
    /// A rule that reads nothing.
    pub const NONE: Self = Self {
        masks: [0; 6],
        needed: 0,
        memory: Memory::None as u8,
        pointer: NO_ARGUMENT,
        second: NO_ARGUMENT,
        condition: NO_ARGUMENT,
        process: NO_ARGUMENT,
        folder: NO_ARGUMENT,
        next: 0,
        flags: 0,
    };

    /// The rule as the bytes of a map's value.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (place, mask) in self.masks.iter().chain([&self.needed]).enumerate() {
            bytes[8 * place..8 * place + 8].copy_from_slice(&mask.to_ne_bytes());
        }
        bytes[56] = self.memory;
        bytes[57] = self.pointer;
        bytes[58] = self.second;
        bytes[59] = self.condition;
        bytes[60] = self.process;
        bytes[61] = self.folder;
        bytes[62] = self.next;
        bytes[63] = self.flags;
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::{
        HEADER, LEVEL, LEVELS, MEMORY, Memory, NO_RESULT, Rule, TOUCH, Touched, UNREADABLE,
        rule_place,
    };

    fn bytes(len: u32) -> [u8; Touched::SIZE] {
        let mut bytes = [0; Touched::SIZE];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = at as u8;
        }
        bytes[..4].copy_from_slice(&TOUCH.to_ne_bytes());
        bytes[4..8].copy_from_slice(&len.to_ne_bytes());
        bytes[64..72].copy_from_slice(&NO_RESULT.to_ne_bytes());
        bytes[144..148].copy_from_slice(&2_u32.to_ne_bytes());
        bytes[148..152].copy_from_slice(&1_u32.to_ne_bytes());
        bytes[HEADER + MEMORY..].fill(0);
        bytes[HEADER + MEMORY] = b'b';
        bytes[HEADER + MEMORY + LEVEL] = b'a';
        bytes
    }

    #[test]
    fn a_record_reads_back_and_one_cut_or_too_long_does_not() {
        let whole = bytes(5);
        let touched = Touched::from_bytes(&whole).expect("a record");
        assert_eq!(touched.tid, u32::from_ne_bytes([12, 13, 14, 15]));
        assert_eq!(touched.result, NO_RESULT);
        assert_eq!(touched.arguments[5].to_ne_bytes()[0], 120);
        assert_eq!(touched.word.to_ne_bytes()[0], 128);
        assert_eq!(touched.memory().map(<[u8]>::len), Some(5));
        assert_eq!(touched.memory[0], HEADER as u8);
        for end in 0..whole.len() {
            assert_eq!(Touched::from_bytes(&whole[..end]), None, "cut at {end}");
        }
        assert_eq!(Touched::from_bytes(&bytes(MEMORY as u32 + 1)), None);
        let unreadable = Touched::from_bytes(&bytes(UNREADABLE)).expect("a record");
        assert_eq!(unreadable.memory(), None);
        let mut way = touched.way().expect("a whole way");
        assert_eq!(way.next(), Some(&b"a"[..]));
        assert_eq!(way.next(), Some(&b"b"[..]));
        assert_eq!(way.next(), None);
        let mut far = bytes(5);
        far[148] = 0;
        let far = Touched::from_bytes(&far).expect("a record");
        assert!(far.way().is_none(), "the root was not reached");
        let mut deep = bytes(5);
        deep[144] = LEVELS as u8 + 1;
        assert_eq!(Touched::from_bytes(&deep), None);
    }

    #[test]
    fn every_call_has_its_own_place_and_made_up_ones_none() {
        assert_eq!(rule_place(0, 0), Some(0));
        assert_eq!(rule_place(4, 1023), Some(5 * 1024 - 1));
        assert_eq!(rule_place(0, 1024), None);
        assert_eq!(rule_place(8, 0), None);
        let rule = Rule {
            memory: Memory::Text as u8,
            ..Rule::NONE
        };
        assert_eq!(rule.to_bytes()[56..59], [1, 255, 255]);
    }
}
