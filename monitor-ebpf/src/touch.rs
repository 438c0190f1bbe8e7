//! What calls touch: read by rules that user space wrote, and sent when it was not sent lately.
//!
//! All of a thing is hashed and looked up among what was sent. So in the long run a call costs the
//! reading, and only what is new is sent.

use aya_ebpf::{
    helpers::{
        bpf_ktime_get_ns,
        generated::{bpf_probe_read_user, bpf_probe_read_user_str},
    },
    macros::map,
    maps::{Array, LruHashMap},
};
use monitor_common::{
    loss::Loss,
    record::Window,
    touch::{
        ADDRESS, CLIENT_PORT, MEMORY, Memory, NO_RESULT, OTHER_PROCESS, RULE_PLACES, RULES, Rule,
        TOUCH, Touched, UNREADABLE, rule_place,
    },
};

use crate::{Error, atomic, loss, record::Entry, ring, setting::touches_a_second};

// User space fills both before the probe is attached.
#[map]
static RULE_OF: Array<u8> = Array::with_max_entries(RULE_PLACES, 0);
#[map]
static TOUCH_RULES: Array<Rule> = Array::with_max_entries(RULES, 0);

// What was sent, by its hash. The one not seen for longest makes room: it is sent again when it comes back.
#[map]
static SENT: LruHashMap<u64, u8> = LruHashMap::with_max_entries(1 << 15, 0);

// The second of the latest record in the upper half, how many it had in the lower.
#[map]
static TOUCH_RATE: Array<u64> = Array::with_max_entries(1, 0);

/// Reads what the call touches, if a rule says so. `window` is its thread's, before the call is added.
#[inline(always)]
pub fn note<E: Entry>(entry: &E, window: &Window, number: u32, abi_tag: u8) {
    // A number that the verifier knows: what follows is no part of the program where none may be sent.
    if touches_a_second() == 0 {
        return;
    }
    let Some(place) = rule_place(abi_tag, number) else {
        return;
    };
    let Some(&rule) = RULE_OF.get(place) else {
        return;
    };
    if rule == 0 {
        return;
    }
    let call = u64::from(number) | u64::from(abi_tag) << 32 | u64::from(rule) << 40;
    // What cannot be read of the kernel is counted there; the call itself is in the window.
    if read(entry, window, call).is_err() {
        loss::count(Loss::TouchUnreadable, 1);
    }
}

/// A step of a hash: multiplication and shift (the finaliser of MurmurHash3, Appleby 2011), which
/// differs in every bit for one that differs.
#[inline(always)]
fn mix(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ mixed >> 33
}

/// The arguments that a rule asks for.
struct Asked {
    /// The bits of the rule.
    arguments: [u64; 6],
    pointer: u64,
    second: u64,
    before_pointer: u64,
}

#[inline(never)]
fn read<E: Entry>(entry: &E, window: &Window, call: u64) -> Result<(), Error> {
    let abi_tag = (call >> 32) as u8;
    let Some(rule) = TOUCH_RULES.get((call >> 40) as u32) else {
        return Ok(());
    };
    let mut asked = Asked {
        arguments: [0; 6],
        pointer: 0,
        second: 0,
        before_pointer: 0,
    };
    // What one service is known to touch is not known of another.
    let mut hash = mix(0x9e37_79b9_7f4a_7c15, call);
    hash = mix(hash, u64::from(window.service));
    let has_text = rule.memory == Memory::Text as u8 || rule.memory == Memory::TextAndWord as u8;
    macro_rules! argument {
        ($place:literal) => {
            let is_pointer = rule.pointer == $place;
            let is_before = has_text && rule.pointer == $place + 1;
            let is_second = rule.second == $place;
            if rule.masks[$place] != 0 || is_pointer || is_before || is_second {
                let value = entry.argument($place, abi_tag)?;
                if is_pointer {
                    asked.pointer = value;
                }
                if is_before {
                    asked.before_pointer = value;
                }
                if is_second {
                    asked.second = value;
                }
                if rule.condition == $place && value & rule.needed == 0 {
                    return Ok(());
                }
                let mut counted = value & rule.masks[$place];
                if rule.process == $place && counted != 0 && counted as u32 != window.tgid {
                    counted = OTHER_PROCESS;
                }
                asked.arguments[$place] = counted;
                // The own process is the same thing whichever it is.
                let is_own = rule.process == $place && counted as u32 == window.tgid;
                hash = mix(hash, if is_own { 1 } else { counted });
            }
        };
    }
    argument!(0);
    argument!(1);
    argument!(2);
    argument!(3);
    argument!(4);
    argument!(5);
    let mut memory = [0_u64; MEMORY / 8];
    let (mut len, mut word) = (0_u32, 0_u64);
    if has_text {
        len = text(&mut memory, asked.pointer);
        if is_relative(&memory) {
            hash = mix(hash, asked.before_pointer);
        }
    } else if rule.memory == Memory::Address as u8 {
        if asked.pointer == 0 {
            return Ok(());
        }
        len = address(
            &mut memory,
            asked.pointer,
            asked.second,
            rule.any_client_port,
        );
    }
    if rule.memory == Memory::Word as u8 {
        len = word_at(&mut word, asked.pointer);
    } else if rule.memory == Memory::TextAndWord as u8 {
        word_at(&mut word, asked.second);
    }
    hash = mix(hash, u64::from(len));
    hash = mix(hash, word);
    #[expect(
        clippy::needless_range_loop,
        reason = "an iterator's bound is none that older verifiers see"
    )]
    for place in 0..MEMORY / 8 {
        if len == UNREADABLE || place * 8 >= len as usize {
            break;
        }
        // Old kernels leave what was behind the string in the rest of its last word.
        let left = len - place as u32 * 8;
        let mut word = memory[place];
        if left < 8 {
            word &= (1 << (8 * left)) - 1;
        }
        hash = mix(hash, word);
    }
    if SENT.get_ptr(hash).is_some() {
        return Ok(());
    }
    // SAFETY: the helper has no precondition.
    let now = unsafe { bpf_ktime_get_ns() };
    if !may_send(now) {
        return Ok(());
    }
    let Some(mut record) = ring::reserve::<Touched>() else {
        loss::count(Loss::TouchRingFull, 1);
        return Ok(());
    };
    let touched = record.as_mut_ptr();
    // SAFETY: the pointer is to a whole record of the ring, which nobody else sees before it is
    // submitted; every field is written.
    unsafe {
        (&raw mut (*touched).kind).write(TOUCH);
        (&raw mut (*touched).len).write(len);
        (&raw mut (*touched).tgid).write(window.tgid);
        (&raw mut (*touched).tid).write(window.tid);
        (&raw mut (*touched).start_ns).write(window.start_ns);
        (&raw mut (*touched).seq).write(window.first_seq + u64::from(window.len));
        (&raw mut (*touched).time_ns).write(now);
        (&raw mut (*touched).comm).write(window.comm);
        (&raw mut (*touched).number).write(call as u32);
        (&raw mut (*touched).abi_tag).write(u32::from(abi_tag));
        (&raw mut (*touched).result).write(NO_RESULT);
        (&raw mut (*touched).directory).write(asked.before_pointer as i32);
        (&raw mut (*touched).service).write(window.service);
        (&raw mut (*touched).arguments).write(asked.arguments);
        (&raw mut (*touched).word).write(word);
        (&raw mut (*touched).memory)
            .cast::<[u64; MEMORY / 8]>()
            .write(memory);
    }
    ring::submit(record);
    // Without room it is sent again with the next call.
    let _ = SENT.insert(hash, 0, 0);
    Ok(())
}

/// Reads a string; its length without the NUL.
#[inline(always)]
fn text(memory: &mut [u64; MEMORY / 8], pointer: u64) -> u32 {
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

#[inline(always)]
fn is_relative(memory: &[u64; MEMORY / 8]) -> bool {
    memory[0] as u8 != b'/'
}

/// Reads a socket's address, of which only what counts is left.
#[inline(always)]
fn address(memory: &mut [u64; MEMORY / 8], pointer: u64, length: u64, any_client_port: u8) -> u32 {
    const AF_UNIX: u16 = 1;
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 10;
    let mut len = length as u32;
    if len > ADDRESS {
        len = ADDRESS;
    }
    // SAFETY: the buffer is longer than that, and the helper checks the address itself.
    let read = unsafe {
        bpf_probe_read_user(
            memory.as_mut_ptr().cast(),
            len,
            pointer as *const core::ffi::c_void,
        )
    };
    if read != 0 || len < 2 {
        return UNREADABLE;
    }
    let family = memory[0] as u16;
    if family == AF_INET || family == AF_INET6 {
        let port = u16::from_be((memory[0] >> 16) as u16);
        if any_client_port != 0 && port >= CLIENT_PORT {
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

#[inline(always)]
fn word_at(word: &mut u64, pointer: u64) -> u32 {
    // SAFETY: the word is as long as the helper is told, and it checks the address itself.
    let read = unsafe {
        bpf_probe_read_user(
            (word as *mut u64).cast(),
            8,
            pointer as *const core::ffi::c_void,
        )
    };
    if read == 0 { 8 } else { UNREADABLE }
}

/// Whether another record may go out: neither too many a second nor when windows may need the room.
#[inline(always)]
fn may_send(now: u64) -> bool {
    if !ring::has_room() {
        loss::count(Loss::TouchRingFull, 1);
        return false;
    }
    let Some(rate) = TOUCH_RATE.get_ptr_mut(0) else {
        return false;
    };
    // Seconds of 2^30 ns. CPUs may overwrite each other's count: a limit need not be exact.
    let second = now >> 30 << 32;
    let mut count = atomic::read(rate);
    if count >> 32 << 32 != second {
        count = second;
    }
    if count as u32 >= touches_a_second() {
        loss::count(Loss::TouchRate, 1);
        return false;
    }
    atomic::write(rate, count + 1);
    true
}
