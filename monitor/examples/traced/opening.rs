//! Programs that open files in ways of their own.

use std::thread;

/// Opens a file to read it, and closes it where it is there.
fn open(path: &std::ffi::CStr) {
    // SAFETY: the path ends with NUL; the descriptor is this function's own.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_RDONLY);
        if file >= 0 {
            libc::close(file);
        }
    }
}

/// Opens `count` files that are not there, each of another name; when half are, another thread
/// opens `/etc/hostname`.
pub fn flood(count: u64) {
    for place in 0..count {
        let path = format!("/none/{place}x\0");
        if let Ok(path) = std::ffi::CStr::from_bytes_with_nul(path.as_bytes()) {
            open(path);
        }
        if place == count / 2 {
            let other = thread::spawn(|| open(c"/etc/hostname"));
            other.join().expect("opening does not panic");
        }
    }
}

/// Opens `/etc/hostname` by the 32-bit table and `/etc/hosts` by that of x32, from 64-bit code.
#[cfg(target_arch = "x86_64")]
pub fn foreign() {
    // SAFETY: the memory is this function's own, below 4 GiB, and holds the path with its NUL; r8
    // to r11 are not kept across the gate by older kernels; the native table's arguments are x32's
    // (arch/x86/entry/syscalls/syscall_64.tbl).
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let low = libc::mmap(std::ptr::null_mut(), 4096, rights, flags, -1, 0);
        if low == libc::MAP_FAILED {
            return;
        }
        let path = c"/etc/hostname".to_bytes_with_nul();
        low.cast::<u8>()
            .copy_from_nonoverlapping(path.as_ptr(), path.len());
        // rbx is the compiler's: it is put back.
        std::arch::asm!(
            "xchg rbx, {path}", "int 0x80", "xchg rbx, {path}",
            path = inout(reg) low => _, inlateout("eax") 5 => _, in("ecx") 0, in("edx") 0,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _
        );
        libc::syscall(0x4000_0000 | 2, c"/etc/hosts".as_ptr(), libc::O_RDONLY, 0);
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub fn foreign() {}

/// Opens by `openat2` what is there, what is not and what is no folder, by `creat` what is a
/// folder, and runs by `execveat` what is not there and what is a folder.
pub fn by_other_calls() {
    let nowhere = c"/tmp/monitor-traced-missing";
    let how = [libc::O_RDONLY, 0, 0].map(i64::from);
    for path in [c"/etc/hostname", nowhere, c"/etc/hostname/x"] {
        let (path, size) = (path.as_ptr(), size_of_val(&how));
        // SAFETY: the path ends with NUL, and the structure (`struct open_how`) outlives the call.
        unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path, how.as_ptr(), size) };
    }
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the path ends with NUL.
    unsafe {
        libc::syscall(libc::SYS_creat, c"/usr".as_ptr(), 0o600);
    }
    for path in [nowhere, c"/usr"] {
        let (path, end) = (path.as_ptr(), std::ptr::null::<libc::c_char>());
        let words = [path, end];
        let (words, environment) = (words.as_ptr(), &raw const end);
        // SAFETY: the path ends with NUL, and both lists with a null pointer; all of them outlive
        // the call. Neither path is one of a program.
        unsafe {
            libc::syscall(
                libc::SYS_execveat,
                libc::AT_FDCWD,
                path,
                words,
                environment,
                0,
            )
        };
    }
}

/// Makes a file by a structure (`struct open_how`) whose page is not in the process's memory yet,
/// and then sends and clones by structures that are nowhere.
pub fn unread() {
    let place = std::env::temp_dir().join(format!("monitor-traced-how-{}", std::process::id()));
    let words = [libc::O_WRONLY | libc::O_CREAT, 0o600, 0].map(i64::from);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    if std::fs::write(&place, bytes).is_err() {
        return;
    }
    let file = std::fs::File::open(&place);
    let _ = std::fs::remove_file(&place);
    let Ok(file) = file else { return };
    // Below the least address that a process may have (`vm.mmap_min_addr`).
    let nowhere: *const libc::c_void = std::ptr::without_provenance(8);
    // SAFETY: the mapping is a new one and is read by the kernel alone, which finds nothing at the
    // other address; paths end with NUL.
    unsafe {
        let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
        let how = libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ,
            libc::MAP_PRIVATE,
            fd,
            0,
        );
        if how == libc::MAP_FAILED {
            return;
        }
        let path = c"/tmp/monitor-traced-unread";
        let size = 8 * words.len();
        libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path.as_ptr(), how, size);
        libc::unlink(path.as_ptr());
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
        libc::syscall(libc::SYS_sendmsg, socket, nowhere, 0);
        libc::syscall(libc::SYS_clone3, nowhere, 64);
    }
}
