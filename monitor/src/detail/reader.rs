//! Which arguments of which call say what it touches.

use super::access::Access;
use super::address::{Address, Contact};
use super::{Detail, Field, PathText};
use crate::syscall::call::{Abi, Call};
use crate::syscall::table;

/// How a detail is read from a call's six arguments, counted from 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reader {
    /// A path and the flags of `open`.
    Open {
        /// The path.
        path: u8,
        /// The flags.
        flags: u8,
    },
    /// A path and a `struct open_how`, whose first eight bytes are the flags.
    OpenHow {
        /// The path.
        path: u8,
        /// The structure's address.
        how: u8,
    },
    /// A path, with the access that the call means.
    Path {
        /// What is done.
        access: Access,
        /// The path.
        path: u8,
        /// The descriptor of the directory that it is relative to; `None` for the working directory.
        folder: Option<u8>,
    },
    /// An address of a socket; its length stands behind it.
    Address {
        /// What is done.
        contact: Contact,
        /// The address.
        address: u8,
    },
    /// The address in a `struct msghdr`, in the second argument; of several the first's.
    Message,
    /// What a call of i386's `socketcall` does with an address: its number, and an array of its arguments.
    SocketCall,
    /// A number as it is, those bits that count.
    Number {
        /// Which.
        field: Field,
        /// The argument.
        argument: u8,
        /// The bits.
        bits: u64,
    },
    /// The first eight bytes of a structure: flags of `clone3`.
    CloneStructure {
        /// The structure's address.
        argument: u8,
    },
    /// Protection and flags of `mmap`.
    Map,
    /// The same of i386's first `mmap`, whose arguments are a structure (`struct mmap_arg_struct`, mm/mmap.c).
    MapStructure,
    /// Protection of `mprotect`.
    Protect,
    /// Domain and type of `socket`.
    Socket,
    /// A signal, and the process or thread that it is for.
    Signal {
        /// The signal.
        signal: u8,
        /// The process; negative and 0 mean groups.
        process: Option<u8>,
    },
    /// Memory of the process in the first argument.
    ForeignMemory {
        /// Whether it is written.
        writes: bool,
    },
}

/// A number whose bits all count.
const fn number(field: Field, argument: u8) -> Reader {
    Reader::Number {
        field,
        argument,
        bits: 0xffff_ffff,
    }
}

const fn path(access: Access, path: u8) -> Reader {
    Reader::Path {
        access,
        path,
        folder: None,
    }
}

/// A path relative to the directory in the argument before it.
const fn path_at(access: Access, path: u8) -> Reader {
    Reader::Path {
        access,
        path,
        folder: path.checked_sub(1),
    }
}

/// When the way a call went says something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Returns {
    /// Never: such calls are made too often, or what they do is known by their making.
    Unasked,
    /// Always.
    Asked,
    /// When it fails: of a program that runs another one the memory is gone.
    AskedOfFailure,
}

const fn address(contact: Contact, address: u8) -> Reader {
    Reader::Address { contact, address }
}

/// The lowest byte of the flags of `clone` is a signal (include/uapi/linux/sched.h, `CSIGNAL`).
const CLONE_FLAGS: u64 = 0xffff_ff00;

impl Reader {
    /// The reader of the call of this name; `None` for calls that touch nothing that says more than they do. Names are the
    /// kernel's, as all tables have them.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "open" => Self::Open { path: 0, flags: 1 },
            "openat" => Self::Open { path: 1, flags: 2 },
            "openat2" => Self::OpenHow { path: 1, how: 2 },
            "creat" | "mknod" => path(Access::Create, 0),
            "mknodat" => path_at(Access::Create, 1),
            "truncate" | "truncate64" => path(Access::Write, 0),
            "execve" => path(Access::Execute, 0),
            "execveat" => path_at(Access::Execute, 1),
            "unlink" | "rmdir" => path(Access::Remove, 0),
            "unlinkat" => path_at(Access::Remove, 1),
            "rename" => path(Access::Rename, 1),
            "renameat" | "renameat2" => path_at(Access::Rename, 3),
            "link" | "symlink" => path(Access::Link, 1),
            "symlinkat" => path_at(Access::Link, 2),
            "linkat" => path_at(Access::Link, 3),
            "chmod" => path(Access::Mode, 0),
            "fchmodat" | "fchmodat2" => path_at(Access::Mode, 1),
            "chown" | "lchown" | "chown32" | "lchown32" => path(Access::Owner, 0),
            "fchownat" => path_at(Access::Owner, 1),
            "mkdir" => path(Access::MakeDirectory, 0),
            "mkdirat" => path_at(Access::MakeDirectory, 1),
            "mount" | "pivot_root" => path(Access::Mount, 1),
            "umount" | "umount2" => path(Access::Mount, 0),
            "chdir" | "chroot" => path(Access::Enter, 0),
            "connect" => address(Contact::Connect, 1),
            "bind" => address(Contact::Bind, 1),
            "sendto" => address(Contact::Send, 4),
            "sendmsg" | "sendmmsg" => Self::Message,
            "socketcall" => Self::SocketCall,
            "mmap" | "mmap2" => Self::Map,
            "mprotect" | "pkey_mprotect" => Self::Protect,
            "socket" => Self::Socket,
            "clone" => Self::Number {
                field: Field::Clone,
                argument: 0,
                bits: CLONE_FLAGS,
            },
            "clone3" => Self::CloneStructure { argument: 0 },
            "unshare" => number(Field::Unshare, 0),
            "setns" => number(Field::JoinNamespace, 1),
            "memfd_create" => number(Field::MemoryFile, 1),
            "ptrace" => number(Field::Ptrace, 0),
            "prctl" => number(Field::Prctl, 0),
            "fcntl" | "fcntl64" => number(Field::Fcntl, 1),
            "ioctl" => number(Field::Ioctl, 1),
            "bpf" => number(Field::Bpf, 0),
            "keyctl" => number(Field::Keyctl, 0),
            "kill" => Self::Signal {
                signal: 1,
                process: Some(0),
            },
            "tgkill" => Self::Signal {
                signal: 2,
                process: Some(0),
            },
            "rt_sigqueueinfo" => Self::Signal {
                signal: 1,
                process: Some(0),
            },
            "rt_tgsigqueueinfo" => Self::Signal {
                signal: 2,
                process: Some(0),
            },
            "tkill" | "pidfd_send_signal" => Self::Signal {
                signal: 1,
                process: None,
            },
            "setuid" | "setuid32" | "setfsuid" | "setfsuid32" => number(Field::User, 0),
            "setreuid" | "setreuid32" | "setresuid" | "setresuid32" => number(Field::User, 1),
            "setgid" | "setgid32" | "setfsgid" | "setfsgid32" => number(Field::Group, 0),
            "setregid" | "setregid32" | "setresgid" | "setresgid32" => number(Field::Group, 1),
            "process_vm_readv" => Self::ForeignMemory { writes: false },
            "process_vm_writev" => Self::ForeignMemory { writes: true },
            _ => return None,
        })
    }

    /// The reader of a call of a table: of i386 the number decides, as its first `mmap` is another call than all other tables'.
    #[must_use]
    pub fn of_call(call: Call) -> Option<Self> {
        match (call.abi, table::name(call)?) {
            (Abi::I386, "mmap") => Some(Self::MapStructure),
            (_, name) => Self::of(name),
        }
    }

    /// The reader of the second thing that the call of this name touches: the name that a file had before, or keeps.
    #[must_use]
    pub fn also_of(name: &str) -> Option<Self> {
        Some(match name {
            "rename" => path(Access::RenameFrom, 0),
            "renameat" | "renameat2" => path_at(Access::RenameFrom, 1),
            "link" | "symlink" | "symlinkat" => path(Access::LinkFrom, 0),
            "linkat" => path_at(Access::LinkFrom, 1),
            _ => return None,
        })
    }

    /// The argument with the descriptor of the directory that a path is relative to.
    #[must_use]
    pub const fn folder(self) -> Option<u8> {
        match self {
            Self::Open { path, .. } | Self::OpenHow { path, .. } => path.checked_sub(1),
            Self::Path { folder, .. } => folder,
            _ => None,
        }
    }

    /// Whether the call returns a descriptor of the file that its path names.
    #[must_use]
    pub const fn opens(self) -> bool {
        matches!(self, Self::Open { .. } | Self::OpenHow { .. })
    }

    /// When the way the call went says something.
    #[must_use]
    pub const fn returns(self) -> Returns {
        match self {
            Self::Path {
                access: Access::Execute,
                ..
            } => Returns::AskedOfFailure,
            Self::Open { .. }
            | Self::OpenHow { .. }
            | Self::Path { .. }
            | Self::Address {
                contact: Contact::Connect | Contact::Bind,
                ..
            }
            | Self::ForeignMemory { .. }
            | Self::Signal { .. }
            | Self::Number {
                field:
                    Field::Unshare
                    | Field::JoinNamespace
                    | Field::Ptrace
                    | Field::Bpf
                    | Field::Keyctl
                    | Field::User
                    | Field::Group,
                ..
            } => Returns::Asked,
            _ => Returns::Unasked,
        }
    }

    /// The argument whose memory is read, if any is.
    #[must_use]
    pub const fn memory(self) -> Option<u8> {
        match self {
            Self::Open { path, .. } | Self::OpenHow { path, .. } | Self::Path { path, .. } => {
                Some(path)
            }
            Self::Address { address, .. } => Some(address),
            Self::CloneStructure { argument } => Some(argument),
            Self::Message | Self::SocketCall => Some(1),
            Self::MapStructure => Some(0),
            _ => None,
        }
    }

    /// The detail of a call of the process `tgid` with these arguments. `memory` is what the process had at
    /// [`Reader::memory`], of a message and of `socketcall` its address, `None` where that could not be read; of an open
    /// with a structure, `how` are its flags. `None` when the call touches nothing: memory that may not be executed, no
    /// address.
    #[must_use]
    pub fn detail(
        self,
        arguments: &[u64; 6],
        memory: Option<&[u8]>,
        how: Option<u64>,
        tgid: u32,
    ) -> Option<Detail> {
        let at = |place: u8| arguments[usize::from(place) % 6];
        let of_path = |access| match memory {
            Some(path) => Detail::Path(access, PathText::new(path)),
            None => Detail::UnreadablePath(access),
        };
        let is_own = |process: u64| {
            // A pid is an `int`; 0 and -1 mean groups, in which the caller is.
            let process = process as u32 as i32;
            u32::try_from(process).is_ok_and(|process| process == tgid)
        };
        Some(match self {
            Self::Open { flags, .. } => of_path(Access::of_open(at(flags))),
            Self::OpenHow { .. } => of_path(how.map_or(Access::Read, Access::of_open)),
            Self::Path { access, .. } => of_path(access),
            Self::Address { contact, address } => {
                if at(address) == 0 {
                    return None;
                }
                match memory.and_then(Address::from_sockaddr) {
                    Some(address) => Detail::Address(contact, address),
                    None => Detail::UnreadableAddress(contact),
                }
            }
            Self::Message => match memory.map(Address::from_sockaddr) {
                Some(address) => Detail::Address(Contact::Send, address?),
                None => Detail::UnreadableAddress(Contact::Send),
            },
            Self::SocketCall => {
                let contact = match at(0) {
                    // Domain and type of a socket (include/uapi/linux/net.h has these numbers).
                    1 => {
                        let both = how?;
                        return Some(Detail::Number(
                            Field::Socket,
                            Field::socket(both >> 32, both),
                        ));
                    }
                    2 => Contact::Bind,
                    3 => Contact::Connect,
                    11 | 16 | 20 => Contact::Send,
                    _ => return None,
                };
                match memory.map(Address::from_sockaddr) {
                    Some(address) => Detail::Address(contact, address?),
                    None => Detail::UnreadableAddress(contact),
                }
            }
            Self::MapStructure => {
                let both = u64::from_ne_bytes(*memory?.first_chunk()?);
                let (protection, flags) = (both & 0xffff_ffff, both >> 32);
                Detail::Number(Field::Memory, Field::memory(protection, Some(flags))?)
            }
            Self::Number {
                field,
                argument,
                bits,
            } => Detail::Number(field, at(argument) & bits),
            Self::CloneStructure { .. } => {
                let flags = memory?.first_chunk::<8>()?;
                Detail::Number(Field::Clone, u64::from_ne_bytes(*flags) & CLONE_FLAGS)
            }
            Self::Map => Detail::Number(Field::Memory, Field::memory(at(2), Some(at(3)))?),
            Self::Protect => Detail::Number(Field::Memory, Field::memory(at(2), None)?),
            Self::Socket => Detail::Number(Field::Socket, Field::socket(at(0), at(1))),
            Self::Signal { signal, process } => {
                let field = match process {
                    Some(process) if !is_own(at(process)) => Field::SignalOther,
                    _ => Field::SignalOwn,
                };
                Detail::Number(field, at(signal) & 0xff)
            }
            // Its own memory may be read by way of its own pid.
            Self::ForeignMemory { .. } if is_own(at(0)) => return None,
            Self::ForeignMemory { writes } => {
                Detail::Number(Field::ForeignMemory, u64::from(writes))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::syscall::call::{Abi, Call};
    use crate::syscall::table;

    fn text(name: &str, arguments: [u64; 6], memory: Option<&[u8]>) -> Option<String> {
        let reader = Reader::of(name).expect("a call with a reader");
        let detail = reader.detail(&arguments, memory, Some(0o101), 77)?;
        Some(detail.to_string())
    }

    #[test]
    fn arguments_become_details_by_the_calls_own_layout() {
        let some = |text: &str| Some(text.to_owned());
        let path = Some(&b"/etc/shadow\0rest"[..]);
        assert_eq!(
            text("open", [9, 0, 0, 0, 0, 0], path),
            some("read:/etc/shadow")
        );
        assert_eq!(
            text("openat", [0, 9, 0o1102, 0, 0, 0], path),
            some("create:/etc/shadow")
        );
        assert_eq!(text("openat2", [0; 6], path), some("create:/etc/shadow"));
        assert_eq!(text("openat", [0, 9, 1, 0, 0, 0], None), some("write:?"));
        let inet = [2, 0, 0, 80, 10, 0, 0, 1];
        assert_eq!(
            text("connect", [3, 9, 16, 0, 0, 0], Some(&inet)),
            some("connect:10.0.0.1:80")
        );
        assert_eq!(
            text("sendto", [3, 9, 16, 0, 0, 0], None),
            None,
            "no address"
        );
        assert_eq!(text("mmap", [0, 9, 3, 0x22, 0, 0], None), None);
        assert_eq!(text("mmap", [0, 9, 7, 0x22, 0, 0], None), some("memory:7"));
        assert_eq!(
            text("mprotect", [0, 9, 5, 0, 0, 0], None),
            some("memory:10")
        );
        assert_eq!(
            text("socket", [2, 0o2_000_001, 0, 0, 0, 0], None),
            some("socket:131073")
        );
        assert_eq!(
            text("kill", [77, 15, 0, 0, 0, 0], None),
            some("signal-own:15")
        );
        assert_eq!(
            text("kill", [78, 9, 0, 0, 0, 0], None),
            some("signal-other:9")
        );
        assert_eq!(text("process_vm_writev", [77, 0, 0, 0, 0, 0], None), None);
        assert_eq!(
            text("process_vm_writev", [78, 0, 0, 0, 0, 0], None),
            some("foreign-memory:1")
        );
        assert_eq!(
            text("clone", [0x1200_0011, 0, 0, 0, 0, 0], None),
            some(&format!("clone:{}", 0x1200_0000))
        );
    }

    #[test]
    fn i386s_own_layouts_are_read() {
        let call = |number| Call {
            abi: Abi::I386,
            number,
        };
        let text = |number, arguments: [u64; 6], memory: &[u8], word| {
            let reader = Reader::of_call(call(number)).expect("a call with a reader");
            let detail = reader.detail(&arguments, Some(memory), Some(word), 77);
            detail.map(|detail| detail.to_string())
        };
        let inet = [2, 0, 0, 80, 10, 0, 0, 1];
        let some = |text: &str| Some(text.to_owned());
        for (socket_call, expected) in [
            (2, some("bind:10.0.0.1:80")),
            (3, some("connect:10.0.0.1:80")),
            (11, some("send:10.0.0.1:80")),
            (4, None),
        ] {
            let arguments = [socket_call, 1, 0, 0, 0, 0];
            assert_eq!(text(102, arguments, &inet, 0), expected);
        }
        let socket = text(102, [1, 1, 0, 0, 0, 0], &[], 2 << 32 | 1);
        assert_eq!(socket, some("socket:131073"));
        // PROT_READ, PROT_WRITE and PROT_EXEC; MAP_PRIVATE and MAP_ANONYMOUS.
        let words = [7_u32.to_ne_bytes(), 0x22_u32.to_ne_bytes()].concat();
        assert_eq!(text(90, [1, 0, 0, 0, 0, 0], &words, 0), some("memory:7"));
        let words = [3_u32.to_ne_bytes(), 0x22_u32.to_ne_bytes()].concat();
        assert_eq!(text(90, [1, 0, 0, 0, 0, 0], &words, 0), None);
        assert_eq!(text(192, [0, 9, 7, 0x22, 0, 0], &[], 0), some("memory:7"));
    }

    #[test]
    fn a_path_is_relative_to_the_directory_before_it_where_the_call_has_one() {
        for (name, folder, also) in [
            ("open", None, None),
            ("openat", Some(0), None),
            ("unlinkat", Some(0), None),
            ("rename", None, Some(None)),
            ("renameat2", Some(2), Some(Some(0))),
            ("linkat", Some(2), Some(Some(0))),
            ("symlinkat", Some(1), Some(None)),
            ("mount", None, None),
        ] {
            let reader = Reader::of(name).expect("a call with a reader");
            assert_eq!(reader.folder(), folder, "{name}");
            assert_eq!(Reader::also_of(name).map(Reader::folder), also, "{name}");
        }
    }

    #[test]
    fn every_table_has_readers_and_no_argument_beyond_the_sixth() {
        for abi in Abi::ALL {
            let names = table::calls(abi).filter_map(table::name);
            let readers: Vec<_> = names.filter_map(Reader::of).collect();
            // io_uring has operations for the commonest calls only.
            let least = if abi == Abi::IoUring { 10 } else { 40 };
            assert!(readers.len() > least, "{abi:?}");
            assert!(readers.iter().all(|it| it.memory().is_none_or(|at| at < 6)));
        }
    }
}
