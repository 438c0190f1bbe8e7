//! seccomp: which calls a thread no longer makes.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, sock_filter,
};

use super::{Needs, PrivilegeError};

/// Calls by which a process becomes another, reaches into another, changes the host, or goes past
/// this filter (`io_uring_setup`).
const REFUSED: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_process_madvise,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_syslog,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_personality,
    libc::SYS_mknodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_bind,
    libc::SYS_listen,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mknod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
];

/// What is still asked of `bpf(2)`: to read and to change maps (`enum bpf_cmd` of
/// `include/uapi/linux/bpf.h`).
const MAP_COMMANDS: [u64; 9] = [1, 2, 3, 4, 15, 21, 24, 25, 26];

/// Flags of `clone(2)` that make namespaces: `CLONE_NEW…`.
const NAMESPACES: u64 = 0x7e02_0080;

/// Keeps the calling thread, and those that it starts, from the calls that `needs` has no use for.
/// They fail with EPERM; a call by another table than the native one ends the process.
pub(super) fn apply(needs: &Needs) -> Result<(), PrivilegeError> {
    Ok(seccompiler::apply_filter(&program(needs)?)?)
}

fn program(needs: &Needs) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|&call| (call, Vec::new())).collect();
    let commands = if needs.reads_maps {
        &MAP_COMMANDS[..]
    } else {
        &[]
    };
    rules.insert(libc::SYS_bpf, other_than(0, commands.iter().copied())?);
    let families = needs.families.iter().map(|&family| family as u64);
    let families: Vec<_> = families.chain([libc::AF_UNIX as u64]).collect();
    rules.insert(libc::SYS_socket, other_than(0, families.into_iter())?);
    let namespaces = (0..64)
        .map(|bit| 1 << bit)
        .filter(|bit| NAMESPACES & bit != 0);
    let makes = |bit| {
        let is_set = SeccompCmpOp::MaskedEq(bit);
        SeccompRule::new(vec![SeccompCondition::new(
            0,
            SeccompCmpArgLen::Qword,
            is_set,
            bit,
        )?])
    };
    rules.insert(
        libc::SYS_clone,
        namespaces.map(makes).collect::<Result<_, _>>()?,
    );
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    let mut program = by_number();
    program.extend::<BpfProgram>(filter.try_into()?);
    Ok(program)
}

/// Rules that refuse a call whose argument is none of `values`; of no values, always.
fn other_than(
    argument: u8,
    values: impl Iterator<Item = u64>,
) -> Result<Vec<SeccompRule>, BackendError> {
    let conditions: Vec<_> = values
        .map(|value| {
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
        })
        .collect::<Result<_, _>>()?;
    match conditions.is_empty() {
        true => Ok(Vec::new()),
        false => Ok(vec![SeccompRule::new(conditions)?]),
    }
}

/// What is refused by its number before the rules are asked: `clone3`, whose flags a filter does
/// not see, as one that the kernel does not know, so that the C library makes a `clone` of it; and
/// all calls of x32, which share x86-64's architecture and would pass the rules by their numbers.
fn by_number() -> BpfProgram {
    const X32_BIT: u32 = 0x4000_0000;
    let statement = |code: u32, jf, k| sock_filter {
        code: code as u16,
        jt: 0,
        jf,
        k,
    };
    let refuse = |error: libc::c_int| {
        let action = libc::SECCOMP_RET_ERRNO | error as u32;
        statement(libc::BPF_RET | libc::BPF_K, 0, action)
    };
    // The number is the first word of `struct seccomp_data`. A jump goes past the next statement
    // when its condition is false.
    let mut program = vec![
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            1,
            libc::SYS_clone3 as u32,
        ),
        refuse(libc::ENOSYS),
    ];
    if cfg!(target_arch = "x86_64") {
        program.push(statement(
            libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K,
            1,
            X32_BIT,
        ));
        program.push(refuse(libc::EPERM));
    }
    program
}
