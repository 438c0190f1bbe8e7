//! How a check came out.

use crate::kernels::seen::Seen;

/// How a check came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It holds; with a remark, where the table should have one.
    Good(Option<String>),
    /// It does not, and why.
    Bad(String),
    /// This kernel has not what is checked.
    Absent,
}

/// Good where it holds, else bad with this reason.
pub fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds {
        Verdict::Good(None)
    } else {
        Verdict::Bad(otherwise())
    }
}

/// Judges what was recorded of `made` calls, of which `found` are there; `complete` says whether
/// all of it is as it must be.
///
/// Calls that the kernel skipped are no failure where they are counted, to the last one.
pub fn accounted(seen: &Seen, complete: bool, (found, made): (u64, u64), what: String) -> Verdict {
    if complete && seen.lost == 0 {
        return Verdict::Good(None);
    }
    if seen.skipped > 0 && seen.lost == seen.skipped && found + seen.skipped >= made {
        let skipped = seen.skipped;
        return Verdict::Good(Some(format!(
            "{what}, of which {skipped} skipped by the kernel and counted"
        )));
    }
    Verdict::Bad(what)
}
