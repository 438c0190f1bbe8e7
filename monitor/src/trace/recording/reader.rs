//! Reads a recording.

use std::io::{self, Read};

use crate::syscall::event::{Event, EventKind};
use crate::trace::error::{Place, TraceError};
use crate::trace::recorded::{FormatReader, TraceSummary};
use crate::trace::recording::decode::{self, Damage, Record};
use crate::trace::recording::{FRAME, Header, LONGEST, MAGIC, OLDEST, PREAMBLE, VERSION};

const DAMAGED: &str = "the recording is damaged from here on; what came before was read";

/// What was found where a record should begin.
enum Found {
    /// A whole record, now in the buffer.
    Whole,
    /// Nothing: the input ends between two records.
    Nothing,
    /// The beginning of a record, of so many bytes.
    Cut(u64),
}

/// The events of a recording, in the order in which they were written.
#[derive(Debug)]
pub struct RecordingReader<R> {
    origin: String,
    reader: R,
    header: Header,
    version: u16,
    /// Where the record in `payload` begins, and where the next one does.
    at: u64,
    next: u64,
    payload: Vec<u8>,
    summary: TraceSummary,
    over: bool,
}

impl<R: Read> RecordingReader<R> {
    /// Reads the header; `origin` names the input in errors and is shown as it is. `reader` should
    /// be buffered.
    ///
    /// # Errors
    ///
    /// The input is no recording, is one of another version, or is cut or damaged in its header.
    pub fn new(origin: String, reader: R) -> Result<Self, TraceError> {
        let mut this = Self {
            origin,
            reader,
            header: Header {
                started_unix_ns: 0,
                started_monotonic_ns: 0,
                native: crate::syscall::table::host(),
                kernel: String::new(),
                targets: String::new(),
            },
            version: VERSION,
            at: 0,
            next: PREAMBLE as u64,
            payload: Vec::new(),
            summary: TraceSummary {
                ended_cleanly: Some(false),
                ..TraceSummary::default()
            },
            over: false,
        };
        let mut preamble = [0; PREAMBLE];
        let length = this.fill(&mut preamble)?;
        let magic = &preamble[..length.min(MAGIC.len())];
        if magic != MAGIC {
            return if length < MAGIC.len() && MAGIC.starts_with(magic) {
                Err(this.headless())
            } else {
                Err(this.unusable(
                    "is no recording of this monitor",
                    "give one that `monitor record` wrote",
                ))
            };
        }
        if length < PREAMBLE {
            return Err(this.headless());
        }
        let version = u16::from_le_bytes([preamble[8], preamble[9]]);
        if !(OLDEST..=VERSION).contains(&version) {
            let problem = format!(
                "is a recording of format version {version}, and this monitor reads versions \
                 {OLDEST} to {VERSION}"
            );
            return Err(this.unusable(&problem, "use the monitor that recorded it"));
        }
        this.version = version;
        if preamble[10..] != [0, 0] {
            return Err(this.malformed(10, "two bytes that must be zero are not"));
        }
        match this.frame()? {
            Found::Whole => {}
            Found::Nothing | Found::Cut(_) => return Err(this.headless()),
        }
        match this.decode()? {
            Record::Header(header) => this.header = header,
            _ => return Err(this.malformed(this.at, "the first record is not the header")),
        }
        Ok(this)
    }

    /// What the recording says of itself.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    fn unusable(&self, problem: &str, remedy: &'static str) -> TraceError {
        TraceError::Unusable {
            origin: self.origin.clone(),
            problem: problem.to_owned(),
            remedy,
        }
    }

    fn headless(&self) -> TraceError {
        self.unusable(
            "is a recording cut inside its header, so it holds no event",
            "record again",
        )
    }

    fn malformed(&self, at: u64, problem: &str) -> TraceError {
        TraceError::Malformed {
            origin: self.origin.clone(),
            place: Place::Byte(at),
            problem: problem.to_owned(),
            remedy: DAMAGED,
        }
    }

    /// Reads until `buffer` is full or the input ends; how many bytes came.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, TraceError> {
        let mut length = 0;
        while length < buffer.len() {
            match self.reader.read(&mut buffer[length..]) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(TraceError::Io {
                        origin: self.origin.clone(),
                        error,
                    });
                }
            }
        }
        Ok(length)
    }

    fn frame(&mut self) -> Result<Found, TraceError> {
        self.at = self.next;
        let mut frame = [0; FRAME];
        let length = self.fill(&mut frame)?;
        if length < FRAME {
            return Ok(match length {
                0 => Found::Nothing,
                _ => Found::Cut(length as u64),
            });
        }
        let [a, b, c, d, crc @ ..] = frame;
        let size = u32::from_le_bytes([a, b, c, d]) as usize;
        if size == 0 {
            return self.zeros(&frame);
        }
        if size > LONGEST {
            return Err(self.malformed(self.at, "a record has an impossible length"));
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(size, 0);
        let length = self.fill(&mut payload);
        self.payload = payload;
        let length = length?;
        if length < size {
            return Ok(Found::Cut((FRAME + length) as u64));
        }
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&frame[..4]);
        checksum.update(&self.payload);
        if checksum.finalize() != u32::from_le_bytes(crc) {
            return Err(self.malformed(self.at, "a record does not match its checksum"));
        }
        self.next = self.at + (FRAME + size) as u64;
        Ok(Found::Whole)
    }

    /// A file system that lost power may leave a tail of zeros in the place of the last records:
    /// a cut like any other. A record without payload is never written.
    fn zeros(&mut self, frame: &[u8; FRAME]) -> Result<Found, TraceError> {
        let mut cut = FRAME as u64;
        let mut zero = frame.iter().all(|&byte| byte == 0);
        let mut buffer = [0; 4096];
        while zero {
            let length = self.fill(&mut buffer)?;
            if length == 0 {
                return Ok(Found::Cut(cut));
            }
            zero = buffer[..length].iter().all(|&byte| byte == 0);
            cut += length as u64;
        }
        Err(self.malformed(self.at, "a record has no content"))
    }

    fn decode(&self) -> Result<Record, TraceError> {
        decode::record(&self.payload, self.version).map_err(|Damage { at, problem }| {
            self.malformed(self.at + (FRAME + at) as u64, &problem)
        })
    }

    fn event(&mut self) -> Result<Option<Event>, TraceError> {
        while !self.over {
            match self.frame()? {
                Found::Whole => {}
                Found::Nothing => self.over = true,
                Found::Cut(bytes) => {
                    self.summary.cut_bytes = bytes;
                    self.over = true;
                }
            }
            if self.over {
                break;
            }
            match self.decode()? {
                Record::Header(_) => {
                    return Err(self.malformed(self.at, "a second header"));
                }
                Record::Event(event) => {
                    if let EventKind::Calls(stretch) = &event.kind {
                        self.summary.calls += stretch.calls.len() as u64;
                        self.summary.traces += u64::from(stretch.first_seq == 0);
                    }
                    return Ok(Some(event));
                }
                Record::Lost { reason, total } => self.lost(reason, total)?,
                Record::End { calls } => self.end(calls)?,
            }
        }
        Ok(None)
    }

    fn lost(&mut self, reason: String, total: u64) -> Result<(), TraceError> {
        // The monitor has a handful of reasons.
        const MOST: usize = 256;
        let lost = &mut self.summary.lost;
        if lost.len() >= MOST && !lost.contains_key(&reason) {
            return Err(self.malformed(self.at, "too many reasons for loss"));
        }
        lost.insert(reason, total);
        Ok(())
    }

    fn end(&mut self, calls: u64) -> Result<(), TraceError> {
        if calls != self.summary.calls {
            let read = self.summary.calls;
            let problem = format!("the end says {calls} calls, but {read} were read");
            return Err(self.malformed(self.at, &problem));
        }
        match self.frame() {
            Ok(Found::Nothing) => {
                self.summary.ended_cleanly = Some(true);
                self.over = true;
                Ok(())
            }
            Err(error @ TraceError::Io { .. }) => Err(error),
            _ => Err(self.malformed(self.at, "there is data after the end")),
        }
    }
}

impl<R: Read> Iterator for RecordingReader<R> {
    type Item = Result<Event, TraceError>;

    /// The next event; after an error there is nothing more.
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.event();
        self.over |= next.is_err();
        next.transpose()
    }
}

impl<R: Read> FormatReader for RecordingReader<R> {
    fn summary(&self) -> TraceSummary {
        self.summary.clone()
    }
}
