//! Messages of strace itself about the threads that it follows.
//!
//! They go to standard error beside the text of the calls, so they stand on lines of their own or
//! at the end of a line that they break. Before strace 4.22 (`linux/ptrace.c`, `strace.c`) they did
//! not begin with `strace: `.

use crate::trace::strace::text::decimal;

/// What a message says of a thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Message {
    pub(super) pid: u32,
    pub(super) verb: Verb,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
    Attached,
    Detached,
    /// `suspended` or `resumed`: strace before 4.6 held a thread while its parent was in a call.
    Waits,
}

/// The message at the end of a line, and what stands before it.
pub(super) fn at_end(line: &[u8]) -> Option<(&[u8], Message)> {
    const START: &[u8] = b"Process ";
    // `(waiting for parent)`, `(parent 900 ready)`, `with 4 threads`
    let text = [&b" (waiting for parent)"[..], b" ready)", b" threads"]
        .iter()
        .find_map(|end| line.strip_suffix(*end))
        .unwrap_or(line);
    let text = if text.len() + b" ready)".len() == line.len() && line.ends_with(b" ready)") {
        before_number(text)?.strip_suffix(b" (parent ")?
    } else if line.ends_with(b" threads") {
        before_number(text)?.strip_suffix(b" with ")?
    } else {
        text
    };
    let (text, verb) = [
        (&b" attached"[..], Verb::Attached),
        (b" detached", Verb::Detached),
        (b" suspended", Verb::Waits),
        (b" resumed", Verb::Waits),
    ]
    .iter()
    .find_map(|&(word, verb)| Some((text.strip_suffix(word)?, verb)))?;
    // `-Y` prints the thread's name beside its pid.
    let text = match text.strip_suffix(b">") {
        Some(named) => &named[..named.iter().rposition(|&b| b == b'<')?],
        None => text,
    };
    let before = before_number(text)?;
    let pid = decimal(&text[before.len()..])?;
    let before = before.strip_suffix(START)?;
    let before = before.strip_suffix(b"strace: ").unwrap_or(before);
    Some((before, Message { pid, verb }))
}

/// What stands before the digits at the end, of which there is at least one.
fn before_number(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    (digits > 0).then(|| &text[..text.len() - digits])
}

#[cfg(test)]
mod tests {
    use super::{Message, Verb, at_end};

    #[test]
    fn every_message_of_every_version_is_understood() {
        for (text, before, verb) in [
            ("Process 901 attached", "", Verb::Attached),
            ("strace: Process 901 attached", "", Verb::Attached),
            ("strace: Process 901<sh> attached", "", Verb::Attached),
            (
                "strace: Process 901 attached with 4 threads",
                "",
                Verb::Attached,
            ),
            (
                "Process 901 attached (waiting for parent)",
                "",
                Verb::Attached,
            ),
            ("clone(Process 901 attached", "clone(", Verb::Attached),
            ("Process 901 resumed (parent 900 ready)", "", Verb::Waits),
            ("Process 901 suspended", "", Verb::Waits),
            ("Process 901 detached", "", Verb::Detached),
            (
                "read(0, strace: Process 901 detached",
                "read(0, ",
                Verb::Detached,
            ),
        ] {
            let message = Message { pid: 901, verb };
            assert_eq!(
                at_end(text.as_bytes()),
                Some((before.as_bytes(), message)),
                "{text}"
            );
        }
        for other in [
            "attached",
            "Process  attached",
            "Process 901",
            "901 attached",
            " threads",
        ] {
            assert_eq!(at_end(other.as_bytes()), None, "{other}");
        }
    }
}
