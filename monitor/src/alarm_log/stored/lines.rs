//! The lines of a log.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::alarm_log::{LogError, former};
use crate::trace::input::without_mark;

/// The longest line that is looked at: an alarm takes about 20 KB.
const LONGEST_LINE: u64 = 1 << 20;

/// Hands on every line of a log and of the one before it that reads as `T`, the oldest first; gives
/// how many do not.
pub(crate) fn of<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(T, &[u8]),
) -> Result<u64, LogError> {
    let refused = |path: &Path, error| LogError::Read {
        path: path.to_owned(),
        error,
    };
    let mut damaged = 0;
    let before = former(path);
    if let Ok(file) = File::open(&before) {
        damaged += each(file, &mut take).map_err(|why| refused(&before, why))?;
    }
    let file = File::open(path).map_err(|why| refused(path, why))?;
    damaged += each(file, &mut take).map_err(|why| refused(path, why))?;
    Ok(damaged)
}

/// The same of one open file.
pub(crate) fn each<T: DeserializeOwned>(
    file: impl Read,
    take: &mut impl FnMut(T, &[u8]),
) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let mut damaged = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(damaged);
        }
        if line.last() != Some(&b'\n') && length as u64 == LONGEST_LINE {
            damaged += 1;
            reader.skip_until(b'\n')?;
            continue;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(without_mark(&line)) {
            Ok(head) => take(head, without_mark(&line)),
            Err(_) => damaged += 1,
        }
    }
}
