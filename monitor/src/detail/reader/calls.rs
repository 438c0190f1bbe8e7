//! The reader of each call, by its name.

use super::{CLONE_FLAGS, Reader};
use crate::detail::Field;
use crate::detail::access::Access;
use crate::detail::address::Contact;
use crate::syscall::call::{Abi, Call};
use crate::syscall::table;

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

const fn address(contact: Contact, address: u8) -> Reader {
    Reader::Address { contact, address }
}

impl Reader {
    /// The reader of the call of this name; `None` for calls that touch nothing that says more than
    /// they do. Names are the kernel's, as all tables have them.
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

    /// The reader of a call of a table: of i386 the number decides, as its first `mmap` is another
    /// call than all other tables'.
    #[must_use]
    pub fn of_call(call: Call) -> Option<Self> {
        match (call.abi, table::name(call)?) {
            (Abi::I386, "mmap") => Some(Self::MapStructure),
            (_, name) => Self::of(name),
        }
    }

    /// The reader of the second thing that the call of this name touches: the name that a file had
    /// before, or keeps.
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
}
