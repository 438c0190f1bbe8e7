//! The one event that every source yields, be it the kernel or a recording.

use std::fmt;

use serde::{Deserialize, Serialize};

use monitor_common::target::{MOVED, PARENTS_MOUNTS};

use crate::detail::Touch;

pub use super::call::{Abi, Call};

/// Tells the life of one thread from that of every other on this host since boot.
///
/// A tid alone is reused; together with the start time it is not.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ThreadKey {
    /// Thread group id (what users call the pid), in the monitor's pid namespace.
    pub tgid: u32,
    /// Thread id, in the monitor's pid namespace.
    pub tid: u32,
    /// `task_struct.start_boottime`, nanoseconds since boot; 0 in sources that do not know it.
    pub start_ns: u64,
}

/// A thread's name (`task_struct.comm`): up to 15 bytes that the process chose itself.
///
/// `Display` escapes everything that is not printable ASCII, so that a name can never steer a
/// terminal or forge a line of a log.
#[derive(Clone, Copy, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Comm(pub [u8; 16]);

impl Comm {
    /// The name made of the first 15 bytes of `name`.
    #[must_use]
    pub fn new(name: &[u8]) -> Self {
        let mut bytes = [0; 16];
        let length = name.len().min(15);
        bytes[..length].copy_from_slice(&name[..length]);
        Self(bytes)
    }

    /// The bytes before the first NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(16);
        &self.0[..end]
    }

    /// The name that [`Display`](fmt::Display) shows as `text`; `None` if it shows none so.
    #[must_use]
    pub fn from_escaped(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let mut length = 0;
        let mut rest = text.as_bytes();
        while let Some((byte, behind)) = unescape(rest) {
            *bytes.get_mut(length)? = byte;
            length += 1;
            rest = behind;
        }
        let comm = Self(bytes);
        // There is one way to show a name: another was not made by `Display`.
        (rest.is_empty() && comm.to_string() == text).then_some(comm)
    }
}

/// The first byte of what [`slice::escape_ascii`] made, and what is behind it.
fn unescape(text: &[u8]) -> Option<(u8, &[u8])> {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    match *text {
        [b'\\', b'x', high, low, ref rest @ ..] => {
            let byte = hex(high)? * 16 + hex(low)?;
            Some((u8::try_from(byte).ok()?, rest))
        }
        [b'\\', letter, ref rest @ ..] => {
            let byte = match letter {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'\\' | b'\'' | b'"' => letter,
                _ => return None,
            };
            Some((byte, rest))
        }
        [byte, ref rest @ ..] => Some((byte, rest)),
        [] => None,
    }
}

impl fmt::Display for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_bytes().escape_ascii(), f)
    }
}

impl fmt::Debug for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The number of a service within one run; it says nothing outside of it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServiceId(pub u32);

impl ServiceId {
    /// No service: what nobody has claimed yet, and all of a source that knows no services.
    pub const NONE: Self = Self(0);
    /// The service of a run that watches one.
    pub const ONLY: Self = Self(1);

    /// The same without what an exec's says beside it.
    #[must_use]
    pub const fn without_marks(self) -> Self {
        Self(self.0 & !(MOVED | PARENTS_MOUNTS))
    }

    /// Of an exec, where several services are told apart: whether the process is in another cgroup
    /// than its parent.
    #[must_use]
    pub const fn has_moved(self) -> bool {
        self.0 & MOVED != 0
    }

    /// Of an exec of a process that has moved: whether it has its parent's mounts, so that it is no
    /// program of a container.
    #[must_use]
    pub const fn has_parents_mounts(self) -> bool {
        self.0 & PARENTS_MOUNTS != 0
    }
}

/// Consecutive calls of one thread, in the order in which they were made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stretch {
    /// How many calls the source counted in this thread before the first of these. When it is more
    /// than the calls seen so far, the difference was lost.
    pub first_seq: u64,
    /// When the last of the calls was made, nanoseconds of `CLOCK_MONOTONIC`; [`Event::time_ns`] is
    /// when the first was. What lies between is known to this precision.
    pub last_ns: u64,
    /// The calls.
    pub calls: Vec<Call>,
}

/// What happened to a thread.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EventKind {
    /// It made calls.
    Calls(Stretch),
    /// It made a child: a thread of its own process when `child_tgid` equals its tgid.
    Fork {
        /// The child's thread group id.
        child_tgid: u32,
        /// The child's thread id.
        child_tid: u32,
    },
    /// It runs another program now; [`Event::comm`] is the new name.
    Exec,
    /// It ended. `count` is the source's count of all its calls, so that loss at the end is seen.
    Exit {
        /// Calls made in the thread's whole life, as far as the source watched it.
        count: u64,
    },
    /// One of its calls touched something. It may come before the stretch that its call is in, or
    /// after it, since how a call went is known only when it returns.
    Touch(Touch),
}

/// One event of a source. Those of one thread arrive in order; those of different threads may not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// The thread that it happened to.
    pub thread: ThreadKey,
    /// The thread's name at that time.
    pub comm: Comm,
    /// The service that the thread belonged to at that time.
    pub service: ServiceId,
    /// When, in nanoseconds of `CLOCK_MONOTONIC` of the host that saw it; 0 in sources without
    /// time.
    pub time_ns: u64,
    /// What.
    pub kind: EventKind,
}

/// When the `place`th (from 0) of `calls` calls of a stretch was made, if they were made evenly
/// between its two times: [`Event::time_ns`] and [`Stretch::last_ns`].
#[must_use]
pub fn made_at((first_ns, last_ns): (u64, u64), place: usize, calls: usize) -> u64 {
    let span = u128::from(last_ns.saturating_sub(first_ns));
    let steps = calls.saturating_sub(1).max(1) as u128;
    let passed = span * place as u128 / steps;
    first_ns.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Comm, made_at};

    #[test]
    fn a_hostile_name_cannot_steer_a_terminal() {
        let comm = Comm::new(b"\x1b[2J\nok\"\xff and more than fits");
        assert_eq!(comm.to_string(), "\\x1b[2J\\nok\\\"\\xff and m");
    }

    #[test]
    fn every_name_comes_back_from_how_it_is_shown() {
        for first in 1..=255 {
            for second in [b'a', b'\\', b'x', first] {
                let comm = Comm::new(&[first, second, b'0', b'a']);
                assert_eq!(Comm::from_escaped(&comm.to_string()), Some(comm), "{comm}");
            }
        }
        let full = Comm([b'\n'; 16]);
        assert_eq!(Comm::from_escaped(&full.to_string()), Some(full));
        assert_eq!(Comm::from_escaped(""), Some(Comm::default()));
    }

    #[test]
    fn what_no_name_is_shown_as_is_refused() {
        for text in [
            "\\",
            "\\x",
            "\\x1",
            "\\xg0",
            "\\q",
            "\\x00",
            "a\\x00b",
            "\\x41",
            "\\xFF",
            "\n",
            "é",
            "\"",
            "seventeen letters",
        ] {
            assert_eq!(Comm::from_escaped(text), None, "{text}");
        }
    }

    #[test]
    fn the_time_of_a_call_lies_between_those_of_its_stretch() {
        let times: Vec<_> = (0..5).map(|place| made_at((100, 200), place, 5)).collect();
        assert_eq!(times, [100, 125, 150, 175, 200]);
        assert_eq!(made_at((7, 7), 0, 1), 7);
        assert_eq!(made_at((9, 3), 1, 2), 9, "a source with a wrong order");
        assert_eq!(made_at((0, u64::MAX), 1, 2), u64::MAX);
    }
}
