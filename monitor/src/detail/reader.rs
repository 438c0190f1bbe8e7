//! Which arguments of which call say what it touches.

use super::access::Access;
use super::address::{Address, Contact};
use super::{Detail, Field, PathText};

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
    },
    /// An address of a socket; its length stands behind it.
    Address {
        /// What is done.
        contact: Contact,
        /// The address.
        address: u8,
    },
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
    Reader::Path { access, path }
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
            "mknodat" => path(Access::Create, 1),
            "truncate" | "truncate64" => path(Access::Write, 0),
            "execve" => path(Access::Execute, 0),
            "execveat" => path(Access::Execute, 1),
            "unlink" | "rmdir" => path(Access::Remove, 0),
            "unlinkat" => path(Access::Remove, 1),
            "rename" => path(Access::Rename, 1),
            "renameat" | "renameat2" => path(Access::Rename, 3),
            "link" | "symlink" => path(Access::Link, 1),
            "symlinkat" => path(Access::Link, 2),
            "linkat" => path(Access::Link, 3),
            "chmod" => path(Access::Mode, 0),
            "fchmodat" | "fchmodat2" => path(Access::Mode, 1),
            "chown" | "lchown" | "chown32" | "lchown32" => path(Access::Owner, 0),
            "fchownat" => path(Access::Owner, 1),
            "mkdir" => path(Access::MakeDirectory, 0),
            "mkdirat" => path(Access::MakeDirectory, 1),
            "mount" | "pivot_root" => path(Access::Mount, 1),
            "umount" | "umount2" => path(Access::Mount, 0),
            "chdir" | "chroot" => path(Access::Enter, 0),
            "connect" => address(Contact::Connect, 1),
            "bind" => address(Contact::Bind, 1),
            "sendto" => address(Contact::Send, 4),
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

    /// The argument whose memory is read, if any is.
    #[must_use]
    pub const fn memory(self) -> Option<u8> {
        match self {
            Self::Open { path, .. } | Self::OpenHow { path, .. } | Self::Path { path, .. } => {
                Some(path)
            }
            Self::Address { address, .. } => Some(address),
            Self::CloneStructure { argument } => Some(argument),
            _ => None,
        }
    }

    /// The detail of a call of the process `tgid` with these arguments. `memory` is what the process had at
    /// [`Reader::memory`], `None` where that could not be read; of an open with a structure, `how` are its flags. `None`
    /// when the call touches nothing: memory that may not be executed, no address.
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
    use crate::syscall::event::Abi;
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
    fn every_table_has_readers_and_no_argument_beyond_the_sixth() {
        for abi in Abi::ALL {
            let names = table::calls(abi).filter_map(table::name);
            let readers: Vec<_> = names.filter_map(Reader::of).collect();
            assert!(readers.len() > 40, "{abi:?}");
            assert!(readers.iter().all(|it| it.memory().is_none_or(|at| at < 6)));
        }
    }
}
