//! The running task, and its call's ABI.

use aya_ebpf::helpers::{
    bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_current_uid_gid,
    generated::bpf_get_current_task_btf,
};
use monitor_common::{abi::Abi, target::name_words};

use super::{Ids, Task};
use crate::{Error, kernel::read, setting::setting};

/// The running task, for what is read with every call.
///
/// Where the kernel has the helper (Linux 5.11), the verifier knows the type of what it gives and
/// lets the program read it by itself; offsets are constants by then. Each helper that is saved is
/// a return saved, and these are dear where the CPU has to be kept from speculating on them.
///
/// Where it has not, this holds the task's ids.
#[derive(Clone, Copy)]
pub struct Running {
    task: u64,
    /// [`crate::setting::LAYOUT`]'s, read once: the verifier knows it wherever it is kept, and each
    /// further read would cost every call of the host two instructions.
    is_typed: bool,
}

impl Running {
    #[inline(always)]
    pub fn task() -> Self {
        let is_typed = setting!(LAYOUT.typed_task) != 0;
        let task = if is_typed {
            // SAFETY: the helper has no precondition.
            unsafe { bpf_get_current_task_btf() as u64 }
        } else {
            bpf_get_current_pid_tgid()
        };
        Self { task, is_typed }
    }

    /// Its tgid in the initial pid namespace.
    #[inline(always)]
    pub fn tgid(self) -> u32 {
        if !self.is_typed {
            return (self.task >> 32) as u32;
        }
        self.word(setting!(LAYOUT.task_tgid))
    }

    /// Its tid there.
    #[inline(always)]
    pub fn tid(self) -> u32 {
        if !self.is_typed {
            return self.task as u32;
        }
        self.word(setting!(LAYOUT.task_pid))
    }

    /// Both, where the tgid was read already.
    #[inline(always)]
    pub fn ids_in(self, tgid: u32) -> Ids {
        Ids {
            tgid,
            tid: self.tid(),
        }
    }

    /// Both.
    #[inline(always)]
    pub fn ids(self) -> Ids {
        self.ids_in(self.tgid())
    }

    /// Whether its real user id, in the initial user namespace, is the one that the filter asks
    /// for.
    #[inline(always)]
    pub fn has_wanted_uid(self) -> bool {
        let wanted = setting!(FILTER.uid);
        if !self.is_typed {
            return bpf_get_current_uid_gid() as u32 == wanted;
        }
        let credentials = self.long(setting!(LAYOUT.task_real_cred));
        let uid = at::<u32>(credentials, setting!(LAYOUT.cred_uid));
        // SAFETY: as in `word`; a task has credentials as long as it runs.
        unsafe { uid.read_volatile() == wanted }
    }

    /// Whether its name is the one that the filter asks for.
    #[inline(always)]
    pub fn has_wanted_name(self) -> Result<bool, Error> {
        let wanted = [setting!(FILTER.comm[0]), setting!(FILTER.comm[1])];
        if !self.is_typed {
            let name = bpf_get_current_comm().map_err(|_| Error::Unreadable)?;
            return Ok(name_words(&name) == wanted);
        }
        let offset = setting!(LAYOUT.task_comm);
        // A name is ended by its first NUL; the kernel pads it with others (`strscpy_pad` in
        // `__set_task_comm`).
        Ok(self.long(offset) == wanted[0] && self.long(offset + 8) == wanted[1])
    }

    /// The word that tells a compat call.
    #[inline(always)]
    fn compat_word(self) -> Result<u32, Error> {
        let offset = setting!(LAYOUT.task_compat);
        if !self.is_typed {
            return read(Task::current().0, offset);
        }
        Ok(self.word(offset))
    }

    /// The ABI of the call that it makes, as a tag, and the call's number in that table.
    ///
    /// From 64-bit code `int 0x80` uses the 32-bit table too, so the code segment does not tell;
    /// the kernel sets the compat status in both cases (`do_int80_emulation` in
    /// arch/x86/entry/syscall_32.c).
    #[inline(always)]
    pub fn abi(self, number: u32) -> Result<(u8, u32), Error> {
        if self.compat_word()? & setting!(LAYOUT.compat_mask) != 0 {
            return Ok((setting!(LAYOUT.compat_abi) as u8, number));
        }
        let x32 = setting!(LAYOUT.x32_bit);
        if number & x32 != 0 {
            return Ok((Abi::X32.tag(), number & !x32));
        }
        Ok((setting!(LAYOUT.native_abi) as u8, number))
    }

    #[inline(always)]
    fn long(self, offset: u32) -> u64 {
        // SAFETY: as in `word`.
        unsafe { at::<u64>(self.task, offset).read_volatile() }
    }

    #[inline(always)]
    fn word(self, offset: u32) -> u32 {
        // SAFETY: the task runs, so it is there; the offset is from the kernel's BTF, by which the
        // verifier checks it.
        unsafe { at::<u32>(self.task, offset).read_volatile() }
    }
}

#[inline(always)]
fn at<T>(base: u64, offset: u32) -> *const T {
    (base + u64::from(offset)) as *const T
}
