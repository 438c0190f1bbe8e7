//! Writes a recording.

use std::io::{self, BufWriter, Write};

use crate::syscall::event::{Event, EventKind};
use crate::trace::recording::{CALLS, FRAME, Header, Kind, MAGIC, VERSION, encode};

/// Bytes gathered before they are written out.
const BUFFER: usize = 128 * 1024;

/// Writes events to `W` in the order in which they come.
///
/// Only whole records are handed on, so that what lies in a file at any moment is a readable
/// recording, up to the system's own tearing of a write. Records are gathered up to 128 KiB: call
/// [`Self::flush`] as often as a crash may cost (the monitor does so once a second), and
/// [`Self::finish`] at the end, without which a reader reports that the end is missing.
#[derive(Debug)]
pub struct RecordingWriter<W: Write> {
    out: BufWriter<W>,
    frame: Vec<u8>,
    calls: u64,
}

impl<W: Write> RecordingWriter<W> {
    /// Begins a recording.
    ///
    /// # Errors
    ///
    /// A failure of `out`.
    pub fn new(out: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self {
            out: BufWriter::with_capacity(BUFFER, out),
            frame: Vec::new(),
            calls: 0,
        };
        writer.out.write_all(&MAGIC)?;
        writer.out.write_all(&VERSION.to_le_bytes())?;
        writer.out.write_all(&[0, 0])?;
        writer.record(|out| encode::header(out, header))?;
        writer.flush()?;
        Ok(writer)
    }

    fn record(&mut self, payload: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.frame.clear();
        self.frame.resize(FRAME, 0);
        payload(&mut self.frame);
        let length = (self.frame.len() - FRAME) as u32;
        self.frame[..4].copy_from_slice(&length.to_le_bytes());
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&self.frame[..4]);
        checksum.update(&self.frame[FRAME..]);
        self.frame[4..FRAME].copy_from_slice(&checksum.finalize().to_le_bytes());
        self.out.write_all(&self.frame)
    }

    /// Appends an event. A stretch of more than 8192 calls is divided; one without calls is nothing
    /// and is not stored.
    ///
    /// # Errors
    ///
    /// A failure of the output.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::Calls(stretch) => {
                let duration_ns = stretch.last_ns.wrapping_sub(event.time_ns);
                for (part, calls) in (0u64..).zip(stretch.calls.chunks(CALLS)) {
                    let first_seq = stretch.first_seq.saturating_add(part * CALLS as u64);
                    self.record(|out| {
                        encode::event(out, Kind::Calls, event);
                        encode::calls(out, first_seq, duration_ns, calls);
                    })?;
                    self.calls += calls.len() as u64;
                }
                Ok(())
            }
            EventKind::Fork {
                child_tgid,
                child_tid,
            } => self.record(|out| {
                encode::event(out, Kind::Fork, event);
                encode::varint(out, (*child_tgid).into());
                encode::varint(out, (*child_tid).into());
            }),
            EventKind::Touch(touch) => self.record(|out| {
                encode::event(out, Kind::Touch, event);
                encode::touch(out, touch);
            }),
            EventKind::Exec => self.record(|out| encode::event(out, Kind::Exec, event)),
            EventKind::Exit { count } => self.record(|out| {
                encode::event(out, Kind::Exit, event);
                encode::varint(out, *count);
            }),
        }
    }

    /// Notes how many calls the source has lost so far for a reason (at most 64 bytes of its name
    /// are stored). A later total replaces an earlier one of the same reason.
    ///
    /// # Errors
    ///
    /// A failure of the output.
    pub fn lost(&mut self, reason: &str, total: u64) -> io::Result<()> {
        self.record(|out| encode::lost(out, reason, total))
    }

    /// Hands everything on to the output.
    ///
    /// # Errors
    ///
    /// A failure of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Calls written so far.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// Writes the end, at `monotonic_ns` of `CLOCK_MONOTONIC`, and gives the output back.
    ///
    /// # Errors
    ///
    /// A failure of the output.
    pub fn finish(mut self, monotonic_ns: u64) -> io::Result<W> {
        let calls = self.calls;
        self.record(|out| encode::end(out, monotonic_ns, calls))?;
        self.out.flush()?;
        self.out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
    }
}
