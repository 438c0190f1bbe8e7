//! Numbers, and what the text of one call says.

use super::quoted;
use crate::syscall::event::{Abi, Call, Comm};
use crate::syscall::table;

/// The call of this name, or `None` when no table has it.
pub(super) fn named(abi: Abi, name: &[u8]) -> Option<Call> {
    let name = std::str::from_utf8(name).ok()?;
    match numbered(name) {
        Some(register) => Some(table::numbered(abi, register)),
        None => table::call(abi, name),
    }
}

/// The number in a name that strace makes of one: `syscall_0x1f3`, `syscall_317`, before 4.0
/// `SYS_317`.
pub(super) fn numbered(name: &str) -> Option<u64> {
    let number = name.strip_prefix("syscall_");
    let number = number.or_else(|| name.strip_prefix("SYS_"))?;
    match number.strip_prefix("0x") {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16).ok(),
        None => number.parse().ok(),
    }
}

/// Whether the end of the call is not on its line.
pub(super) fn is_unfinished(rest: &[u8]) -> bool {
    rest.ends_with(b"<unfinished ...>") || rest.ends_with(b"<detached ...>")
}

pub(super) fn is_fork(name: &[u8]) -> bool {
    matches!(name, b"clone" | b"clone3" | b"fork" | b"vfork" | b"clone2")
}

/// The name that a thread gets by an execve with these arguments: the end of the first path.
pub(super) fn program(arguments: &[u8]) -> Option<Comm> {
    let start = arguments.iter().position(|&b| b == b'"')? + 1;
    let path = &arguments[start..];
    let path = quoted::unescaped(&path[..quoted::end(path)?]);
    path.rsplit(|&b| b == b'/').next().map(Comm::new)
}

/// The result at the end of a call's text: what stands between the last ` = ` and a blank.
pub(super) fn result(rest: &[u8]) -> Option<&[u8]> {
    let at = rest.windows(3).rposition(|window| window == b" = ")?;
    let result = rest[at + 3..].trim_ascii();
    result.split(|&b| b == b' ').next()
}

/// Whether a call's text ends in the result 0 (with `-T`, a duration follows).
pub(super) fn succeeded(rest: &[u8]) -> bool {
    result(rest) == Some(b"0")
}

/// A decimal number of digits alone.
pub(super) fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
