//! io_uring by its system calls alone: opens a file, reads it, connects, sends, and unlinks.

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

// Of include/uapi/linux/io_uring.h.
const OPENAT: u8 = 18;
const READ: u8 = 22;
const CONNECT: u8 = 16;
const SEND: u8 = 26;
const UNLINKAT: u8 = 36;
const SETUP_SQPOLL: u32 = 1 << 1;
const ENTER_GETEVENTS: u32 = 1;
const ENTER_SQ_WAKEUP: u32 = 1 << 1;
const SQ_NEED_WAKEUP: u32 = 1;
const OFFSET_CQ_RING: i64 = 0x800_0000;
const OFFSET_ENTRIES: i64 = 0x1000_0000;

/// The exit status that says that the kernel refuses io_uring.
const REFUSED: i32 = 77;

const ENTRIES: usize = 8;

/// `struct io_uring_params`: the offsets are words of the two rings.
#[repr(C)]
#[derive(Default)]
struct Parameters {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    reserved: [u32; 3],
    /// head, tail, ring_mask, ring_entries, flags, dropped, array; the rest is not used.
    sq: [u32; 10],
    /// head, tail, ring_mask, ring_entries, overflow, cqes; the rest is not used.
    cq: [u32; 10],
}

/// `struct io_uring_sqe`, as far as it is used here.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Entry {
    opcode: u8,
    flags: u8,
    priority: u16,
    fd: i32,
    offset: u64,
    address: u64,
    len: u32,
    operation_flags: u32,
    user_data: u64,
    rest: [u64; 3],
}

struct Queue {
    fd: i32,
    is_polled: bool,
    parameters: Parameters,
    submissions: *mut u8,
    completions: *mut u8,
    entries: *mut Entry,
}

impl Queue {
    fn new(is_polled: bool) -> Self {
        let mut parameters = Parameters {
            flags: if is_polled { SETUP_SQPOLL } else { 0 },
            sq_thread_idle: 1000,
            ..Parameters::default()
        };
        // SAFETY: the parameters are live and as long as the kernel's.
        let fd = unsafe { libc::syscall(libc::SYS_io_uring_setup, ENTRIES, &raw mut parameters) };
        let Ok(fd @ 0..) = i32::try_from(fd) else {
            std::process::exit(REFUSED);
        };
        let map = |offset: i64| {
            let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
            // SAFETY: a new mapping, of the size that each of the three has at least with this few
            // entries.
            let at = unsafe { libc::mmap(ptr::null_mut(), 4096, rights, flags, fd, offset) };
            assert_ne!(at, libc::MAP_FAILED);
            at
        };
        Self {
            fd,
            is_polled,
            submissions: map(0).cast(),
            completions: map(OFFSET_CQ_RING).cast(),
            entries: map(OFFSET_ENTRIES).cast(),
            parameters,
        }
    }

    fn word(&self, ring: *mut u8, offset: u32) -> &AtomicU32 {
        // SAFETY: the offset is the kernel's own, of an aligned word in the ring, which stays
        // mapped.
        unsafe { AtomicU32::from_ptr(ring.add(offset as usize).cast()) }
    }

    /// Submits an entry and waits for its result.
    fn submit(&self, entry: Entry) -> i32 {
        let [_, tail, mask, _, flags, _, array, ..] = self.parameters.sq;
        let tail = self.word(self.submissions, tail);
        let place = tail.load(Ordering::Relaxed)
            & self.word(self.submissions, mask).load(Ordering::Relaxed);
        // SAFETY: the place is within the entries, and the kernel has taken all before.
        unsafe { self.entries.add(place as usize).write(entry) };
        let slot = self.word(self.submissions, array + 4 * place);
        slot.store(place, Ordering::Relaxed);
        tail.fetch_add(1, Ordering::SeqCst);
        let sleeps =
            self.word(self.submissions, flags).load(Ordering::SeqCst) & SQ_NEED_WAKEUP != 0;
        let how = match (self.is_polled, sleeps) {
            (false, _) => Some(ENTER_GETEVENTS),
            (true, true) => Some(ENTER_GETEVENTS | ENTER_SQ_WAKEUP),
            (true, false) => None,
        };
        if let Some(how) = how {
            let none = ptr::null::<u8>();
            // SAFETY: takes no pointer.
            unsafe { libc::syscall(libc::SYS_io_uring_enter, self.fd, 1, 1, how, none, 0) };
        }
        let [head, tail, mask, _, _, results, ..] = self.parameters.cq;
        let (head, tail) = (
            self.word(self.completions, head),
            self.word(self.completions, tail),
        );
        while head.load(Ordering::Relaxed) == tail.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_micros(100));
        }
        let place = head.load(Ordering::Relaxed)
            & self.word(self.completions, mask).load(Ordering::Relaxed);
        // `struct io_uring_cqe` has 16 bytes, the result behind eight of user data.
        let result = self.word(self.completions, results + 16 * place + 8);
        let result = result.load(Ordering::Relaxed) as i32;
        head.fetch_add(1, Ordering::Release);
        result
    }
}

/// Opens and reads /etc/hostname, connects to a port of the host's own and sends to it, and unlinks
/// a file that is not there.
pub fn run(is_polled: bool) {
    let queue = Queue::new(is_polled);
    let fd = queue.submit(Entry {
        opcode: OPENAT,
        fd: libc::AT_FDCWD,
        address: c"/etc/hostname".as_ptr() as u64,
        ..Entry::default()
    });
    let mut buffer = [0_u8; 64];
    queue.submit(Entry {
        opcode: READ,
        fd,
        address: buffer.as_mut_ptr() as u64,
        len: 64,
        ..Entry::default()
    });
    // SAFETY: takes no pointer.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) };
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: 9_u16.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes([127, 0, 0, 1]),
        },
        sin_zero: [0; 8],
    };
    queue.submit(Entry {
        opcode: CONNECT,
        fd: socket,
        offset: size_of_val(&address) as u64,
        address: &raw const address as u64,
        ..Entry::default()
    });
    queue.submit(Entry {
        opcode: SEND,
        fd: socket,
        address: buffer.as_ptr() as u64,
        len: 1,
        operation_flags: libc::MSG_NOSIGNAL as u32,
        ..Entry::default()
    });
    queue.submit(Entry {
        opcode: UNLINKAT,
        fd: libc::AT_FDCWD,
        address: c"/tmp/monitor-traced-missing".as_ptr() as u64,
        ..Entry::default()
    });
}
