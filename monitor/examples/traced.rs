//! A program whose system calls are known: what the live tests watch.
//!
//! `traced WHAT [N…]`, with the calls of each WHAT given at its function.

use std::{arch::asm, env, os::unix::process::CommandExt, process::Command, thread};

#[path = "traced/foreign.rs"]
mod foreign;
#[path = "traced/opening.rs"]
mod opening;
#[path = "traced/uring.rs"]
mod uring;

fn main() {
    let mut arguments = env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let numbers: Vec<u64> = arguments.map_while(|it| it.parse().ok()).collect();
    let count = numbers.first().copied().unwrap_or(1);
    match what.as_str() {
        "getppid" => getppid(count),
        "threads" => threads(count),
        "children" => children(count),
        "thread-exec" => thread_exec(),
        "int80" => int80(count),
        "x32" => x32(count),
        "rename" => rename(),
        "sleep" => sleep(count),
        "pause" => pause(count),
        "numbered" => numbered(&numbers),
        "one-number" => one_number(count),
        "attach" => foreign::attach(count),
        "write-memory" => foreign::write(&numbers),
        "bomb" => bomb(count),
        "churn" => churn(count),
        "waiting-leader" => waiting_leader(),
        "flood-of-paths" => opening::flood(count),
        "foreign-opens" => opening::foreign(),
        "other-opens" => opening::by_other_calls(),
        "unread" => opening::unread(),
        "io-uring" => uring::run(false),
        "io-uring-polled" => uring::run(true),
        _ => {
            eprintln!("traced: unknown program {what:?}");
            std::process::exit(2);
        }
    }
}

/// `count` calls of getppid.
fn getppid(count: u64) {
    for _ in 0..count {
        // SAFETY: getppid has no precondition.
        unsafe { libc::syscall(libc::SYS_getppid) };
    }
}

/// Four threads with `count` calls of getppid each, while the first waits for them.
fn threads(count: u64) {
    let threads: Vec<_> = (0..4)
        .map(|_| thread::spawn(move || getppid(count)))
        .collect();
    for thread in threads {
        thread.join().expect("getppid does not panic");
    }
}

/// `count` children one after the other, each of which makes one call of its own, getsid, and
/// leaves.
fn children(count: u64) {
    for _ in 0..count {
        // SAFETY: the child makes system calls only.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::syscall(libc::SYS_getsid, 0);
                libc::syscall(libc::SYS_exit_group, 0);
            }
            libc::waitpid(child, std::ptr::null_mut(), 0);
        }
    }
}

/// A thread that does not lead its group replaces the whole process by `true`.
fn thread_exec() {
    let replaced = thread::spawn(|| Command::new("/bin/true").exec());
    // Only a failure comes back.
    let error = replaced.join().expect("exec does not panic");
    eprintln!("traced: {error}");
    std::process::exit(1);
}

/// `count` calls of number 20 by the 32-bit table (getpid), each followed by number 20 of the
/// native one (writev), from 64-bit code.
#[cfg(target_arch = "x86_64")]
fn int80(count: u64) {
    for _ in 0..count {
        // SAFETY: getpid of the 32-bit table reads and writes no memory; r8 to r11 are not kept
        // across the gate by older kernels.
        unsafe {
            asm!("int \
                  0x80", inlateout("eax") 20 => _, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
            libc::syscall(libc::SYS_writev, -1, 0, 0);
        }
    }
}

/// `count` calls of number 39 (getpid) with the bit that marks x32.
#[cfg(target_arch = "x86_64")]
fn x32(count: u64) {
    for _ in 0..count {
        // SAFETY: getpid reads and writes no memory, and a kernel without x32 refuses the number.
        unsafe { libc::syscall(0x4000_0000 | 39) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn int80(_: u64) {}

#[cfg(not(target_arch = "x86_64"))]
fn x32(_: u64) {}

/// Takes a name that would steer a terminal, and calls getppid 40 times.
fn rename() {
    // SAFETY: the name ends with NUL.
    unsafe { libc::prctl(libc::PR_SET_NAME, c"\x1b[31m\nevil".as_ptr()) };
    getppid(40);
}

/// A tree of processes of this depth, all at once: each makes two others, waits for them, and makes
/// one call of its own, getsid.
fn bomb(depth: u64) {
    // SAFETY: the children make system calls only.
    unsafe {
        let mut children = [0; 2];
        if depth > 0 {
            for child in &mut children {
                *child = libc::fork();
                if *child == 0 {
                    bomb(depth - 1);
                    libc::syscall(libc::SYS_exit_group, 0);
                }
            }
            for child in children {
                libc::waitpid(child, std::ptr::null_mut(), 0);
            }
        }
        libc::syscall(libc::SYS_getsid, 0);
    }
}

/// `count` threads that each make one call of getppid, a few of them at a time.
fn churn(count: u64) {
    for _ in 0..count / 8 {
        let threads: Vec<_> = (0..8).map(|_| thread::spawn(|| getppid(1))).collect();
        for thread in threads {
            thread.join().expect("getppid does not panic");
        }
    }
}

/// A worker of another name calls getppid every millisecond for a minute, while the first thread,
/// which has the program's name, only waits for it, as most services' do.
fn waiting_leader() {
    let worker = thread::spawn(|| {
        // SAFETY: the name ends with NUL.
        unsafe { libc::prctl(libc::PR_SET_NAME, c"worker".as_ptr()) };
        for _ in 0..60_000 {
            getppid(1);
            thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    worker.join().expect("getppid does not panic");
}

/// Ten calls of getppid, then `count` seconds of sleep in one call.
fn sleep(count: u64) {
    getppid(10);
    thread::sleep(std::time::Duration::from_secs(count));
}

/// Half of `count` calls of getppid, four seconds of sleep in one call, and the other half. Says on
/// standard error between which two moments of `CLOCK_MONOTONIC`, in nanoseconds, the first call
/// behind the sleep was made.
fn pause(count: u64) {
    let now = || {
        let mut now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the time is a whole struct that outlives the call, which is none of the kernel's
        // (vdso(7)).
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    };
    getppid(count / 2);
    thread::sleep(std::time::Duration::from_secs(4));
    let before = now();
    getppid(1);
    let after = now();
    getppid((count - count / 2).saturating_sub(1));
    eprintln!("{before} {after}");
}

/// `count` children one after the other that all have the same number: the first makes one call of
/// getppid and leaves, the second two, and so on. Ends with 77 where the kernel lets nobody choose
/// a number.
fn one_number(count: u64) {
    let mut number: libc::pid_t = 0;
    for calls in 1..=count {
        // SAFETY: an all-zero clone_args asks for a plain child, and the number outlives the call.
        // The child makes system calls only.
        unsafe {
            let mut asked: libc::clone_args = std::mem::zeroed();
            asked.exit_signal = libc::SIGCHLD as u64;
            if number != 0 {
                asked.set_tid = (&raw const number) as u64;
                asked.set_tid_size = 1;
            }
            let child = libc::syscall(libc::SYS_clone3, &raw const asked, size_of_val(&asked));
            match child {
                0 => {
                    getppid(calls);
                    libc::syscall(libc::SYS_exit_group, 0);
                }
                -1 => std::process::exit(77),
                child => number = child as libc::pid_t,
            }
            libc::waitpid(number, std::ptr::null_mut(), 0);
        }
    }
}

/// A child that has these numbers, one for each pid namespace from its own outwards: it makes 5,000
/// calls of getppid, says so, and stays for ten minutes.
fn numbered(numbers: &[u64]) {
    let numbers: Vec<_> = numbers.iter().map(|&it| it as libc::pid_t).collect();
    // SAFETY: an all-zero clone_args asks for a plain child, and the numbers outlive the call. The
    // child has this thread alone, as the whole program has.
    let child = unsafe {
        let mut asked: libc::clone_args = std::mem::zeroed();
        asked.exit_signal = libc::SIGCHLD as u64;
        asked.set_tid = numbers.as_ptr() as u64;
        asked.set_tid_size = numbers.len() as u64;
        libc::syscall(libc::SYS_clone3, &raw const asked, size_of_val(&asked))
    };
    match child {
        0 => {
            getppid(5000);
            println!("made");
            thread::sleep(std::time::Duration::from_secs(600));
        }
        -1 => println!("refused: {}", std::io::Error::last_os_error()),
        // SAFETY: it waits for this process's own child and writes no status.
        child => unsafe {
            libc::waitpid(child as libc::pid_t, std::ptr::null_mut(), 0);
        },
    }
}
