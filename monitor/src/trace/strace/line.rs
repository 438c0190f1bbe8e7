//! One line of strace's output, taken apart.
//!
//! The forms are those of strace 4 to 6: with or without `-f`, `-o`, `-t`, `-tt`, `-ttt`, `-r`,
//! `-i`, `-n`, `-k`, `-T`, `-y`, `-Y` and `--secontext`.

use crate::trace::strace::message::{self, Message};
use crate::trace::strace::text::decimal;

/// `PID_MAX_LIMIT` of `include/linux/threads.h`: a larger number at the start of a line is a time.
const LARGEST_PID: u64 = 4 * 1024 * 1024;

/// A time as printed, in nanoseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Time {
    /// Since 1970 (`-ttt`) or since the line before (`-r`): these are told apart by their size.
    Seconds(u64),
    /// Since midnight (`-t`, `-tt`).
    OfDay(u64),
}

/// What a line says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum What<'a> {
    /// A call's entry: its name and all that follows the opening bracket.
    Call { name: &'a [u8], rest: &'a [u8] },
    /// The rest of a call that was entered on an earlier line.
    Resumed { name: &'a [u8], rest: &'a [u8] },
    /// The thread ended.
    Ended,
    /// The leader's thread is replaced by the thread of this pid, which called execve.
    Superseded { by: u32 },
    /// strace follows another thread now, or no longer.
    Message(Message),
    /// The calls of a process are of another table from here on.
    Mode { pid: u32, mode: Mode },
    /// A signal, a stop, a stack, a message of strace about itself: no call.
    Other,
    /// Not strace's.
    Noise,
}

/// The table of a process's calls, in strace's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    /// `64 bit`
    Bits64,
    /// `32 bit`
    Bits32,
    /// `x32`
    X32,
}

/// A line, understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line<'a> {
    /// The pid at its start, if there is one.
    pub(super) pid: Option<u32>,
    /// The thread's name, with `-Y`.
    pub(super) comm: Option<&'a [u8]>,
    pub(super) time: Option<Time>,
    pub(super) what: What<'a>,
    /// A message that strace wrote into the middle of the line, so that the line's own rest stands
    /// on the next one.
    pub(super) broken_by: Option<Message>,
}

/// Takes a line apart; no line is an error.
pub(super) fn parse(line: &[u8]) -> Line<'_> {
    let line = line.trim_ascii_end();
    // A program may print the words of a message itself: only a call is broken by one.
    if let Some((before, message)) = message::at_end(line)
        && !before.is_empty()
    {
        let parsed = whole(before, Some(message));
        if matches!(parsed.what, What::Call { .. } | What::Resumed { .. }) {
            return parsed;
        }
    }
    whole(line, None)
}

fn whole(line: &[u8], broken_by: Option<Message>) -> Line<'_> {
    let mut parsed = Line {
        pid: None,
        comm: None,
        time: None,
        what: What::Noise,
        broken_by,
    };
    let rest = prefix(line, &mut parsed);
    parsed.what = what(rest);
    parsed
}

/// Splits after the leading bytes of which `is` is true.
pub(super) fn leading(line: &[u8], is: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = line.iter().position(|&b| !is(b)).unwrap_or(line.len());
    line.split_at(end)
}

/// Reads pid, name, times, number and address off the line's start; gives the rest.
fn prefix<'a>(line: &'a [u8], parsed: &mut Line<'a>) -> &'a [u8] {
    let mut rest = line.trim_ascii_start();
    if let Some(inner) = rest.strip_prefix(b"[pid ") {
        if let Some((pid, comm, after)) = pid(inner.trim_ascii_start())
            && let Some(after) = context(after.trim_ascii_start()).strip_prefix(b"]")
        {
            (parsed.pid, parsed.comm) = (Some(pid), comm);
            rest = after.trim_ascii_start();
        }
    } else if let Some((pid, comm, after)) = pid(rest)
        && after.first() == Some(&b' ')
        && u64::from(pid) <= LARGEST_PID
    {
        (parsed.pid, parsed.comm) = (Some(pid), comm);
        rest = context(after.trim_ascii_start());
    }
    let (word, after) = leading(rest, |b| b.is_ascii_digit() || b == b':' || b == b'.');
    if after.first() == Some(&b' ')
        && let Some(time) = time(word)
    {
        parsed.time = Some(time);
        rest = after.trim_ascii_start();
    }
    // `-r` beside `-t`: (+     0.000007)
    if let Some(inner) = rest.strip_prefix(b"(+")
        && let Some(end) = inner.iter().position(|&b| b == b')')
    {
        rest = inner[end + 1..].trim_ascii_start();
    }
    // `-n` and `-i`: [ 257] [00007fbaec2bf829]
    while let Some(inner) = rest.strip_prefix(b"[") {
        let (_, after) = leading(inner, |b| b.is_ascii_hexdigit() || b == b' ' || b == b'?');
        let Some(after) = after.strip_prefix(b"]") else {
            break;
        };
        rest = after.trim_ascii_start();
    }
    rest
}

/// What follows a security context of `--secontext`: `[unconfined_t] ` or
/// `[user:role:type:level] `.
fn context(line: &[u8]) -> &[u8] {
    let Some(inner) = line.strip_prefix(b"[") else {
        return line;
    };
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"_:.,-".contains(&b);
    let (context, after) = leading(inner, is_part);
    match after.strip_prefix(b"]") {
        Some(after) if context.ends_with(b"_t") || context.contains(&b':') => {
            after.trim_ascii_start()
        }
        _ => line,
    }
}

/// A pid, the name beside it, and what follows.
type Pid<'a> = (u32, Option<&'a [u8]>, &'a [u8]);

/// `2337` or, with `-Y`, `2337<sh>`.
fn pid(line: &[u8]) -> Option<Pid<'_>> {
    let (digits, rest) = leading(line, |b| b.is_ascii_digit());
    let pid = decimal(digits)?;
    let Some(inner) = rest.strip_prefix(b"<") else {
        return Some((pid, None, rest));
    };
    let end = inner.iter().position(|&b| b == b'>')?;
    Some((pid, Some(&inner[..end]), &inner[end + 1..]))
}

fn time(word: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(word).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: u64 = format!("{fraction:0<9}").parse().ok()?;
    let mut seconds = 0u64;
    let mut parts = 0;
    for part in whole.split(':') {
        let part: u64 = part.parse().ok()?;
        seconds = seconds.checked_mul(60)?.checked_add(part)?;
        parts += 1;
    }
    let ns = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
    match parts {
        1 => Some(Time::Seconds(ns)),
        3 => Some(Time::OfDay(ns)),
        _ => None,
    }
}

fn what(rest: &[u8]) -> What<'_> {
    if let Some(resumed) = rest.strip_prefix(b"<... ") {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'?';
        let (name, after) = leading(resumed, is_name);
        return match after.strip_prefix(b" resumed") {
            Some(rest) => What::Resumed { name, rest },
            None => What::Noise,
        };
    }
    if let Some(ended) = rest.strip_prefix(b"+++ ") {
        if let Some(by) = ended.strip_prefix(b"superseded by execve in pid ") {
            let (digits, _) = leading(by, |b| b.is_ascii_digit());
            return decimal(digits).map_or(What::Noise, |by| What::Superseded { by });
        }
        let end = ended.starts_with(b"exited with ") || ended.starts_with(b"killed by ");
        return if end { What::Ended } else { What::Noise };
    }
    if rest.starts_with(b"--- ") || rest.starts_with(b"> ") {
        return What::Other;
    }
    if let Some((b"", message)) = message::at_end(rest) {
        return What::Message(message);
    }
    if rest.starts_with(b"strace: ")
        || rest.starts_with(b"[ Process ")
        || rest.starts_with(b"Process ")
    {
        return mode(rest.strip_prefix(b"strace: ").unwrap_or(rest));
    }
    let (name, after) = leading(rest, |b| {
        b.is_ascii_alphanumeric() || b == b'_' || b == b'?'
    });
    match after.strip_prefix(b"(") {
        Some(rest) if !name.is_empty() && !name[0].is_ascii_digit() => What::Call { name, rest },
        _ => What::Noise,
    }
}

/// A note of strace about the table of a process's calls.
fn mode(text: &[u8]) -> What<'_> {
    let Some(inner) = text.strip_prefix(b"[ Process PID=") else {
        return What::Other;
    };
    let (digits, after) = leading(inner, |b| b.is_ascii_digit());
    let mode = match after {
        b" runs in 64 bit mode. ]" => Mode::Bits64,
        b" runs in 32 bit mode. ]" => Mode::Bits32,
        b" runs in x32 mode. ]" => Mode::X32,
        _ => return What::Other,
    };
    decimal(digits).map_or(What::Other, |pid| What::Mode { pid, mode })
}

#[cfg(test)]
mod tests;
