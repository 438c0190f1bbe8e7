//! Finds out what an input is, and opens it.

use std::path::Path;

use crate::run::clock::WallClock;
use crate::syscall::event::Abi;
use crate::syscall::table;
use crate::trace::adfa::Traces;
use crate::trace::error::TraceError;
use crate::trace::input::{Input, without_mark};
use crate::trace::names::Names;
use crate::trace::recorded::{Format, Recorded};
use crate::trace::recording::{MAGIC, RecordingReader};
use crate::trace::strace::{Strace, is_strace};

const REMEDY: &str =
    "give a recording, an ADFA-LD trace or folder, the text of strace, or call names";

/// Opens a file, a folder of ADFA-LD traces, a pipe, or standard input (`-`), whatever its format.
///
/// `abi` is that of the program behind strace text and call names; without one, the host's.
///
/// # Errors
///
/// The input cannot be read, is empty, or is of no format that is known.
pub fn open(path: &Path, abi: Option<Abi>) -> Result<Recorded, TraceError> {
    from_input(Input::open(path)?, abi)
}

/// As [`open`], of an input that is open.
///
/// # Errors
///
/// As of [`open`].
pub fn from_input(input: Input, abi: Option<Abi>) -> Result<Recorded, TraceError> {
    if let Some(folder) = input.folder() {
        let traces = Traces::folder(folder)?;
        return Ok(Recorded::new(Format::AdfaLd, Box::new(traces)));
    }
    let name = input.name().to_owned();
    let format = detect(&name, without_mark(input.head()))?;
    let reader = input.into_reader();
    let abi = abi.unwrap_or_else(table::host);
    Ok(match format {
        Format::Recording => {
            let recording = RecordingReader::new(name, reader)?;
            let header = recording.header();
            let clock = WallClock::Anchored {
                unix_ns: header.started_unix_ns,
                monotonic_ns: header.started_monotonic_ns,
            };
            let about = header.to_string();
            Recorded::new(format, Box::new(recording))
                .with_about(about)
                .with_clock(clock)
        }
        Format::AdfaLd => Recorded::new(format, Box::new(Traces::single(&name, reader))),
        Format::Strace => Recorded::new(format, Box::new(Strace::new(name, reader, abi))),
        Format::Names => Recorded::new(format, Box::new(Names::new(name, reader, abi))),
    })
}

/// What an input is, by its first bytes.
fn detect(origin: &str, head: &[u8]) -> Result<Format, TraceError> {
    let unusable = |problem: &str, remedy| {
        Err(TraceError::Unusable {
            origin: origin.to_owned(),
            problem: problem.to_owned(),
            remedy,
        })
    };
    if head.first() == Some(&MAGIC[0]) && MAGIC.starts_with(&head[..head.len().min(MAGIC.len())]) {
        return Ok(Format::Recording);
    }
    let first = head.trim_ascii_start();
    let Some(&byte) = first.first() else {
        return unusable("is empty", REMEDY);
    };
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return unusable("is text in UTF-16", "save it as UTF-8");
    }
    if head.contains(&0) || head.starts_with(b"\x7fELF") {
        return unusable("is no text and no recording", REMEDY);
    }
    if byte == b'{' {
        return unusable(
            "is JSON",
            "only alarms of `monitor --format json` are replayed, and only by `monitor replay`",
        );
    }
    if head.split(|&b| b == b'\n').any(is_strace) {
        return Ok(Format::Strace);
    }
    if byte.is_ascii_digit() || byte == b'-' || byte == b'+' {
        return Ok(Format::AdfaLd);
    }
    let is_name =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b',') || b.is_ascii_whitespace();
    let mut words = head.split(u8::is_ascii_whitespace).map(without_mark);
    if words.all(|word| word.iter().all(is_name)) {
        return Ok(Format::Names);
    }
    unusable("is of no format that is known", REMEDY)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Cursor;
    use std::path::Path;

    use super::{from_input, open};
    use crate::run::clock::WallClock;
    use crate::source::Source as _;
    use crate::syscall::event::Abi;
    use crate::trace::input::Input;
    use crate::trace::recorded::{Format, Recorded};
    use crate::trace::recording::{Header, RecordingWriter};

    fn input(bytes: &[u8]) -> Input {
        Input::from_reader("input", Box::new(Cursor::new(bytes.to_vec()))).expect("memory")
    }

    fn opened(bytes: &[u8]) -> Recorded {
        from_input(input(bytes), Some(Abi::X86_64)).expect("a source")
    }

    fn refused(bytes: &[u8]) -> String {
        let source = from_input(input(bytes), None);
        source.expect_err("no source").to_string()
    }

    #[test]
    fn every_format_is_told_by_its_start() {
        let header = Header {
            started_unix_ns: 7,
            started_monotonic_ns: 3,
            native: Abi::X86_64,
            kernel: "6.1".to_owned(),
            targets: String::new(),
        };
        let writer = RecordingWriter::new(Vec::new(), &header).expect("memory");
        let recording = writer.finish(0).expect("memory");
        let mut source = opened(&recording);
        assert_eq!(source.format(), Format::Recording);
        assert_eq!(source.about(), Some("recorded on Linux 6.1 (x86-64)"));
        let anchored = WallClock::Anchored {
            unix_ns: 7,
            monotonic_ns: 3,
        };
        assert_eq!(source.clock(), anchored);
        assert!(source.next().is_none());
        assert_eq!(source.summary().ended_cleanly, Some(true));

        for (text, format, calls) in [
            ("\n 6 6 63", Format::AdfaLd, 3),
            (
                "7 read(0, \"\", 1) = 0\n7 +++ exited with 0 +++",
                Format::Strace,
                1,
            ),
            ("hello\nread(0, \"\", 1) = 0\n", Format::Strace, 1),
            ("open,read close", Format::Names, 3),
        ] {
            let mut source = opened(text.as_bytes());
            assert_eq!(source.format(), format, "{text}");
            assert!(source.by_ref().all(|event| event.is_ok()), "{text}");
            assert_eq!(source.summary().calls, calls, "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_any_text() {
        for (text, format, calls) in [
            ("6 6 63", Format::AdfaLd, 3),
            ("getpid() = 900\nbrk(NULL) = 0x5\n", Format::Strace, 2),
            ("open,read close", Format::Names, 3),
        ] {
            // Files with a mark may be joined: it stands at the start of a later line then.
            let marked = format!("\u{feff}{text}\n\u{feff}{text}\n");
            let mut source = opened(marked.as_bytes());
            assert_eq!(source.format(), format, "{text}");
            assert!(source.by_ref().all(|event| event.is_ok()), "{text}");
            assert_eq!(source.summary().calls, calls * 2, "{text}");
            assert!(source.summary().remarks().is_empty(), "{text}");
        }
        assert!(refused(b"\xff\xfe6\0 \0").contains("UTF-16"));
    }

    #[test]
    fn an_input_of_no_format_is_refused_with_a_remedy() {
        assert!(refused(b"").starts_with("input: is empty; give a recording"));
        assert!(refused(b" \n").contains("is empty"));
        assert!(refused(b"\x7fELF\x02\x01").contains("no text"));
        assert!(refused(b"a\0b").contains("no text"));
        assert!(refused(b"{\"type\":1}").contains("is JSON"));
        assert!(refused("naïve (text)".as_bytes()).contains("no format"));
        assert!(refused(b"\x89mon").contains("cut inside its header"));
    }

    #[test]
    fn a_file_a_folder_and_a_missing_path() {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("t.txt"), "3 4").expect("file");
        for path in [folder.path().to_owned(), folder.path().join("t.txt")] {
            let mut source = open(&path, None).expect("a source");
            assert_eq!(source.format(), Format::AdfaLd);
            assert_eq!(source.by_ref().count(), 2);
        }
        let error = open(Path::new("/nowhere/\x1b"), None).expect_err("no file");
        assert!(
            error
                .to_string()
                .starts_with("/nowhere/\\u{1b}: cannot be read"),
            "{error}"
        );
    }

    #[test]
    fn after_an_error_nothing_follows() {
        let mut source = opened(b"3 4 x 5");
        assert!(source.next().expect("an item").is_err());
        assert!(source.next().is_none());
    }
}
