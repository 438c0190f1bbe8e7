//! The second stage: what a call names in its process's memory.

use aya_ebpf::helpers::generated::{
    bpf_probe_read_kernel_str, bpf_probe_read_user, bpf_probe_read_user_str,
};
use monitor_common::{
    loss::Loss,
    touch::{
        ADDRESS, ANY_CLIENT_PORT, CLIENT_PORT, MEMORY, Memory, NO_RESULT, OUTCOME, Rule,
        SHORT_POINTERS, UNREADABLE, WORD,
    },
};

use super::{mix, pending::Pending, rule, sent, stage::Chain, walk};
use crate::{Error, loss, setting::setting, task};

/// The memory of a record.
type Buffer = [u64; MEMORY / 8];

/// Where an address of a socket is. Without a pointer the length is a word that stands for it, or 0.
#[derive(Clone, Copy)]
struct Named {
    pointer: u64,
    length: u64,
}

const NOTHING: Named = Named {
    pointer: 0,
    length: 0,
};

/// Reads a path, and the directory that it is relative to.
#[inline(always)]
pub fn text<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, _) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let len = if rule.memory == Memory::KernelText as u8 {
        kernel_string(&mut pending.memory, pending.pointer)
    } else {
        string(&mut pending.memory, pending.pointer)
    };
    pending.len = u64::from(len);
    let mut hash = pending.hash;
    if len != UNREADABLE {
        if !is_absolute(&pending.memory) {
            pending.place = walk::folder(pending.folder as u32);
            // Where the kernel does not tell, the descriptor has to do.
            hash = mix(hash, pending.folder);
            hash = mix(hash, pending.place.entry);
        }
        hash = hashed(&mut pending.memory, len, hash);
    }
    // The path is told all the same, as one that is read.
    if rule.memory == Memory::TextAndWord as u8 && !read(&mut pending.word, 8, pending.second) {
        loss::count(Loss::TouchUnreadable, 1);
    }
    hash = mix(hash, pending.word);
    settle(ctx, pending, rule, hash);
    Ok(())
}

/// Reads a socket's address.
#[inline(always)]
pub fn address<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, _) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let mut hash = pending.hash;
    let Ok(named) = named(rule, pending) else {
        pending.len = u64::from(UNREADABLE);
        settle(ctx, pending, rule, hash);
        return Ok(());
    };
    if named.pointer != 0 {
        let len = socket_address(&mut pending.memory, named, rule.flags);
        pending.len = u64::from(len);
        if len != UNREADABLE {
            hash = hashed(&mut pending.memory, len, hash);
        }
    } else if rule.memory == Memory::SocketCall as u8 && named.length != 0 {
        // Domain and type of a new socket.
        pending.word = named.length;
        hash = mix(hash, named.length);
    } else {
        sent::next(ctx, pending, rule);
        return Ok(());
    }
    settle(ctx, pending, rule, hash);
    Ok(())
}

/// Reads eight bytes.
#[inline(always)]
pub fn word<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, _) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let behind = if rule.memory == Memory::WordBehind as u8 {
        8
    } else {
        0
    };
    let is_read = read(&mut pending.word, 8, pending.pointer + behind);
    pending.len = u64::from(if is_read { 8 } else { UNREADABLE });
    // A word says all or nothing: one that is not read again tells no thing that was touched.
    if !is_read && rule.flags & OUTCOME == 0 {
        loss::count(Loss::TouchUnreadable, 1);
        sent::next(ctx, pending, rule);
        return Ok(());
    }
    if rule.condition == WORD && pending.word & rule.needed == 0 {
        sent::next(ctx, pending, rule);
        return Ok(());
    }
    let hash = mix(pending.hash, pending.word);
    settle(ctx, pending, rule, hash);
    Ok(())
}

#[inline(always)]
fn settle<C: Chain>(ctx: &C, pending: &mut Pending, rule: &Rule, hash: u64) {
    // The kernel is about to read it: once the call returns the page is in.
    let is_unreadable = pending.len == u64::from(UNREADABLE);
    if is_unreadable && pending.result == NO_RESULT && rule.flags & OUTCOME != 0 {
        pending.is_unread = 1;
        sent::finish(ctx, pending, rule);
        return;
    }
    sent::settle(ctx, pending, rule, mix(hash, pending.len));
}

/// Reads a string; its length without the NUL.
#[inline(always)]
fn string(memory: &mut Buffer, pointer: u64) -> u32 {
    // SAFETY: the buffer is as long as the helper is told, and it checks the address itself.
    let read = unsafe {
        bpf_probe_read_user_str(
            memory.as_mut_ptr().cast(),
            MEMORY as u32,
            pointer as *const core::ffi::c_void,
        )
    };
    if read <= 0 || read > MEMORY as i64 {
        return UNREADABLE;
    }
    read as u32 - 1
}

/// Reads the name in a `struct filename`; its length without the NUL.
#[inline(always)]
fn kernel_string(memory: &mut Buffer, filename: u64) -> u32 {
    let name: Result<u64, Error> = task::read(filename, setting!(LAYOUT.filename_name));
    let Ok(name) = name else {
        return UNREADABLE;
    };
    // SAFETY: the buffer is as long as the helper is told, and it checks the address itself.
    let read = unsafe {
        bpf_probe_read_kernel_str(
            memory.as_mut_ptr().cast(),
            MEMORY as u32,
            name as *const core::ffi::c_void,
        )
    };
    if read <= 0 || read > MEMORY as i64 {
        return UNREADABLE;
    }
    read as u32 - 1
}

#[inline(always)]
fn is_absolute(memory: &Buffer) -> bool {
    memory[0] as u8 == b'/'
}

#[inline(always)]
fn read<T>(target: &mut T, size: u32, pointer: u64) -> bool {
    // SAFETY: callers give a size that the target has, and the helper checks the address itself.
    let read = unsafe {
        bpf_probe_read_user(
            (target as *mut T).cast(),
            size,
            pointer as *const core::ffi::c_void,
        )
    };
    read == 0
}

/// Where the address is that a rule asks for.
#[inline(always)]
fn named(rule: &Rule, asked: &Pending) -> Result<Named, Error> {
    if rule.memory == Memory::SocketCall as u8 {
        return of_socket_call(asked);
    }
    if rule.memory == Memory::Message as u8 {
        return of_message(asked.pointer, rule.flags & SHORT_POINTERS != 0);
    }
    Ok(Named {
        pointer: asked.pointer,
        length: asked.second,
    })
}

/// `msg_name` and `msg_namelen` of `struct user_msghdr` or `compat_msghdr` (include/linux/socket.h, include/net/compat.h).
#[inline(always)]
fn of_message(pointer: u64, has_short_pointers: bool) -> Result<Named, Error> {
    let mut words = [0_u64; 2];
    if !read(&mut words, if has_short_pointers { 8 } else { 16 }, pointer) {
        return Err(Error::Unreadable);
    }
    if has_short_pointers {
        return Ok(Named {
            pointer: words[0] & 0xffff_ffff,
            length: words[0] >> 32,
        });
    }
    Ok(Named {
        pointer: words[0],
        length: words[1] & 0xffff_ffff,
    })
}

/// The arguments of a call of i386's `socketcall` are an array of words; the numbers are those of include/uapi/linux/net.h.
#[inline(always)]
fn of_socket_call(asked: &Pending) -> Result<Named, Error> {
    const SOCKET: u64 = 1;
    const BIND: u64 = 2;
    const CONNECT: u64 = 3;
    const SEND_TO: u64 = 11;
    const SEND_MESSAGE: u64 = 16;
    const SEND_MESSAGES: u64 = 20;
    let call = asked.counted[0];
    let has_address = call == BIND
        || call == CONNECT
        || call == SEND_TO
        || call == SEND_MESSAGE
        || call == SEND_MESSAGES;
    if !has_address && call != SOCKET {
        return Ok(NOTHING);
    }
    let mut words = [0_u32; 6];
    let wanted = if call == SEND_TO { 24 } else { 12 };
    if !read(&mut words, wanted, asked.pointer) {
        if has_address {
            return Err(Error::Unreadable);
        }
        loss::count(Loss::TouchUnreadable, 1);
        return Ok(NOTHING);
    }
    let at = |place: usize| u64::from(words[place]);
    if call == BIND || call == CONNECT {
        Ok(Named {
            pointer: at(1),
            length: at(2),
        })
    } else if call == SEND_TO {
        Ok(Named {
            pointer: at(4),
            length: at(5),
        })
    } else if call == SOCKET {
        // Domain and type, without the type's flags.
        Ok(Named {
            pointer: 0,
            length: at(0) << 32 | at(1) & 0xf,
        })
    } else {
        of_message(at(1), true)
    }
}

/// Reads a socket's address, of which only what counts is left.
#[inline(always)]
fn socket_address(memory: &mut Buffer, named: Named, flags: u8) -> u32 {
    const AF_UNIX: u16 = 1;
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 10;
    let mut len = named.length as u32;
    if len > ADDRESS {
        len = ADDRESS;
    }
    if !read(memory, len, named.pointer) || len < 2 {
        return UNREADABLE;
    }
    let family = memory[0] as u16;
    if family == AF_INET || family == AF_INET6 {
        let port = u16::from_be((memory[0] >> 16) as u16);
        if flags & ANY_CLIENT_PORT != 0 && port >= CLIENT_PORT {
            memory[0] |= 0xffff_0000;
        }
        if family == AF_INET {
            memory[1] = 0;
            return if len < 8 { UNREADABLE } else { 8 };
        }
        // Flow label and scope do not count.
        memory[0] &= 0xffff_ffff;
        memory[3] = 0;
        return if len < 24 { UNREADABLE } else { 24 };
    }
    if family == AF_UNIX { len } else { 2 }
}

/// The hash with `len` bytes of memory in it, which has nothing behind them in their last word.
#[inline(always)]
fn hashed(memory: &mut Buffer, len: u32, hash: u64) -> u64 {
    let mut hash = hash;
    // Old kernels leave what was behind the string in the rest of its last word.
    let (last, bits) = (len as usize / 8, 8 * (len % 8));
    memory[last & (MEMORY / 8 - 1)] &= (1 << bits) - 1;
    hash = mix(hash, memory[0]);
    // Word by word: in a loop LLVM counts to the last word in a way whose end the verifier of 5.10 does not see.
    macro_rules! words {
        ($($place:literal)*) => {
            $(
                if last < $place {
                    return hash;
                }
                hash = mix(hash, memory[$place]);
            )*
        };
    }
    words!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    hash
}
