//! Programs that reach into another process.

/// Attaches to the process `pid` by ptrace, and lets it go again.
pub fn attach(pid: u64) {
    let pid = pid as libc::pid_t;
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: neither request reads or writes memory of this process, and no status is written.
    let attached = unsafe {
        libc::ptrace(libc::PTRACE_ATTACH, pid, none, none) == 0
            && libc::waitpid(pid, std::ptr::null_mut(), libc::__WALL) == pid
            && libc::ptrace(libc::PTRACE_DETACH, pid, none, none) == 0
    };
    end(attached);
}

/// Writes eight bytes to an address of a process: `[pid, address]`.
pub fn write(place: &[u64]) {
    let &[pid, address] = place else {
        return end(false);
    };
    let bytes = *b"monitor!";
    let from = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let to = libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: bytes.len(),
    };
    // SAFETY: the bytes outlive the call, which only reads them; the address is none of this
    // process.
    let written = unsafe {
        libc::process_vm_writev(pid as libc::pid_t, &raw const from, 1, &raw const to, 1, 0)
    };
    end(written == bytes.len() as isize);
}

fn end(is_done: bool) {
    if !is_done {
        eprintln!("traced: {}", std::io::Error::last_os_error());
        std::process::exit(1);
    }
}
