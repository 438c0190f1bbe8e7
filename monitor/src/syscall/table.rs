//! Names and numbers of system calls, by ABI.
//!
//! The tables are those of the crate `syscalls`, which generates them from the kernel's own. What
//! it lacks or has wrong for our purpose is corrected here, each with its source:
//!
//! - x32 has no table of its own there: it is x86-64's plus the calls 512 to 547 of
//!   `arch/x86/entry/syscalls/syscall_64.tbl`.
//! - aarch64's 79 is `newfstatat` in the kernel's `asm/unistd_64.h` and in strace, not `fstatat`.
//! - aarch64 has none of the `_time64` calls 403 to 423: `include/uapi/asm-generic/unistd.h`
//!   defines them under `__BITS_PER_LONG == 32` only.
//! - What is submitted to io_uring is a table of its own: `enum io_uring_op` of
//!   `include/uapi/linux/io_uring.h`.
//! - Arm's private calls stand in `arch/arm/include/uapi/asm/unistd.h`, above `__ARM_NR_BASE`.

mod names;

mod build;

use crate::syscall::call::{Abi, Call};
use crate::syscall::former;

use build::TABLES;
use names::{ARM_PRIVATE, ARM_PRIVATE_NAMES};

/// The name of a call, or `None` when its table has no such number.
///
/// One indexed load; nothing is allocated after the first use.
#[must_use]
pub fn name(call: Call) -> Option<&'static str> {
    let names = &TABLES[usize::from(call.abi.tag())].names;
    match names.get(call.number as usize) {
        Some(name) => *name,
        None if call.abi == Abi::Arm => {
            let place = call.number.checked_sub(ARM_PRIVATE + 1)?;
            ARM_PRIVATE_NAMES.get(place as usize).copied()
        }
        None => None,
    }
}

/// The number of the call `name` in the table of `abi`, or `None` when it has no call of this name.
#[must_use]
pub fn number(abi: Abi, name: &str) -> Option<u32> {
    let known = TABLES[usize::from(abi.tag())].numbers.get(name).copied();
    if known.is_some() || abi != Abi::Arm {
        return known;
    }
    let place = ARM_PRIVATE_NAMES.iter().position(|&n| n == name)?;
    Some(ARM_PRIVATE + 1 + place as u32)
}

/// The call that a program of `abi` names so, by its own or a former name: of that table, or else
/// of the other tables that such a program can reach (i386 and x32 beside x86-64, Arm beside
/// aarch64).
#[must_use]
pub fn call(abi: Abi, name: &str) -> Option<Call> {
    let tables: &[Abi] = match abi {
        Abi::X86_64 => &[Abi::X86_64, Abi::I386],
        Abi::X32 => &[Abi::X32, Abi::X86_64, Abi::I386],
        Abi::I386 => &[Abi::I386, Abi::X86_64],
        Abi::Aarch64 => &[Abi::Aarch64, Abi::Arm],
        Abi::Arm => &[Abi::Arm, Abi::Aarch64],
        Abi::IoUring => &[Abi::IoUring],
    };
    tables.iter().find_map(|&abi| {
        let former = || number(abi, former::present(abi, name)?);
        let number = number(abi, name).or_else(former)?;
        Some(Call { abi, number })
    })
}

/// The bit that marks a call of x32: `__X32_SYSCALL_BIT` of `arch/x86/include/uapi/asm/unistd.h`.
const X32_BIT: u32 = 0x4000_0000;

/// The call of which a program of `abi` gives only the number, as it stands in the register: x32's
/// have a bit of their own there, and a negative one is cut to 32 bits, as the kernel does it.
#[must_use]
pub const fn numbered(abi: Abi, register: u64) -> Call {
    let number = register as u32;
    match abi {
        Abi::X86_64 | Abi::X32 if number & X32_BIT != 0 && number >> 31 == 0 => Call {
            abi: Abi::X32,
            number: number & !X32_BIT,
        },
        _ => Call { abi, number },
    }
}

/// Every call of the table of `abi`, by rising number.
pub fn calls(abi: Abi) -> impl Iterator<Item = Call> {
    let names = &TABLES[usize::from(abi.tag())].names;
    let private = match abi {
        Abi::Arm => ARM_PRIVATE_NAMES.len() as u32,
        _ => 0,
    };
    (0u32..)
        .zip(names)
        .filter(|(_, name)| name.is_some())
        .map(|(number, _)| number)
        .chain(ARM_PRIVATE + 1..=ARM_PRIVATE + private)
        .map(move |number| Call { abi, number })
}

/// Whether this is `restart_syscall`, by which the kernel itself resumes an interrupted call.
///
/// It enters the kernel a second time for one call that the program made, so the detector drops it.
#[must_use]
pub fn is_restart(call: Call) -> bool {
    // Numbers from the kernel's tables; a test compares them with the names.
    call.number
        == match call.abi {
            Abi::X86_64 | Abi::X32 => 219,
            Abi::I386 | Abi::Arm => 0,
            Abi::Aarch64 => 128,
            Abi::IoUring => return false,
        }
}

/// Whether the call only ends what went before: `rt_sigreturn` and `sigreturn`, which the kernel
/// lets a thread make after its handler of a signal (sigreturn(2)), `exit` and `exit_group`. It
/// does nothing that could be a reason for doubt; what the handler did, and what ended, has calls
/// of its own.
#[must_use]
pub fn only_ends(call: Call) -> bool {
    matches!(
        name(call),
        Some("rt_sigreturn" | "sigreturn" | "exit" | "exit_group")
    )
}

/// The ABI of programs built for this host.
#[must_use]
pub const fn host() -> Abi {
    if cfg!(target_arch = "aarch64") {
        Abi::Aarch64
    } else if cfg!(target_arch = "arm") {
        Abi::Arm
    } else if cfg!(target_arch = "x86") {
        Abi::I386
    } else {
        Abi::X86_64
    }
}

/// What `abi` is called on the command line and in output.
#[must_use]
pub const fn abi_name(abi: Abi) -> &'static str {
    match abi {
        Abi::X86_64 => "x86-64",
        Abi::I386 => "i386",
        Abi::X32 => "x32",
        Abi::Aarch64 => "aarch64",
        Abi::Arm => "arm",
        Abi::IoUring => "io_uring",
    }
}

#[cfg(test)]
mod tests;
