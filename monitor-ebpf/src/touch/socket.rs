//! The address of a socket that a call names.

use monitor_common::{
    loss::Loss,
    touch::{ADDRESS, ANY_CLIENT_PORT, CLIENT_PORT, Memory, Rule, SHORT_POINTERS, UNREADABLE},
};

use super::{bytes::read, pending::Pending};
use crate::{Error, loss, record};

/// Where an address of a socket is. Without a pointer the length is a word that stands for it, or
/// zero.
#[derive(Clone, Copy)]
pub struct Named {
    pub pointer: u64,
    pub length: u64,
}

const NOTHING: Named = Named {
    pointer: 0,
    length: 0,
};

/// Where the address is that a rule asks for.
#[inline(always)]
pub fn named(rule: &Rule, asked: &Pending) -> Result<Named, Error> {
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

/// `msg_name` and `msg_namelen` of `struct user_msghdr` or `compat_msghdr` (include/linux/socket.h,
/// include/net/compat.h).
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

/// The arguments of a call of i386's `socketcall` are an array of words; the numbers are those of
/// include/uapi/linux/net.h.
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
pub fn address(memory: &mut record::Memory, named: Named, flags: u8) -> u32 {
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
