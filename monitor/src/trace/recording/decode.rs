//! Payloads from bytes. No length in them is believed: each is checked against what is there.

use crate::detail::{Detail, Outcome, Touch};
use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use crate::trace::recording::{Header, Kind, LONGEST_REASON, LONGEST_TEXT};

/// A record, understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Record {
    Header(Header),
    Event(Event),
    Lost { reason: String, total: u64 },
    End { calls: u64 },
}

/// What is wrong with a payload, and at which of its bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Damage {
    pub(super) at: usize,
    pub(super) problem: String,
}

/// What is not yet read of a payload.
struct Payload<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Payload<'a> {
    fn damage<T>(&self, problem: &str) -> Result<T, Damage> {
        Err(Damage {
            at: self.at,
            problem: problem.to_owned(),
        })
    }

    fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn byte(&mut self) -> Result<u8, Damage> {
        let Some(&byte) = self.bytes.get(self.at) else {
            return self.damage("the record ends too early");
        };
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, Damage> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return self.damage("a number is over 64 bits");
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        self.damage("a number is over 64 bits")
    }

    fn small(&mut self) -> Result<u32, Damage> {
        let value = self.varint()?;
        match u32::try_from(value) {
            Ok(value) => Ok(value),
            Err(_) => self.damage("a number is over 32 bits"),
        }
    }

    fn text(&mut self, longest: usize) -> Result<&'a [u8], Damage> {
        let length = self.varint()?;
        if length > longest as u64 {
            return self.damage("a text is longer than the format allows");
        }
        let Some(text) = self.bytes[self.at..].get(..length as usize) else {
            return self.damage("the record ends too early");
        };
        self.at += text.len();
        Ok(text)
    }

    fn abi(&mut self) -> Result<Abi, Damage> {
        let tag = self.byte()?;
        match Abi::from_tag(tag) {
            Some(abi) => Ok(abi),
            None => Err(Damage {
                at: self.at - 1,
                problem: format!("{tag} is the tag of no ABI that this version knows"),
            }),
        }
    }

    fn string(&mut self, longest: usize) -> Result<String, Damage> {
        Ok(String::from_utf8_lossy(self.text(longest)?).into_owned())
    }

    fn stretch(&mut self, time_ns: u64) -> Result<Stretch, Damage> {
        let first_seq = self.varint()?;
        let duration_ns = self.varint()?;
        let mut calls = Vec::new();
        while !self.is_empty() {
            let abi = self.abi()?;
            let count = self.varint()?;
            // A number takes at least one byte.
            if count == 0 || count > (self.bytes.len() - self.at) as u64 {
                return self.damage("a group of calls has an impossible length");
            }
            for _ in 0..count {
                let number = self.small()?;
                calls.push(Call { abi, number });
            }
        }
        if calls.is_empty() {
            return self.damage("a record of calls has none");
        }
        if first_seq.checked_add(calls.len() as u64).is_none() {
            return self.damage("the count of calls is over 64 bits");
        }
        Ok(Stretch {
            first_seq,
            last_ns: time_ns.wrapping_add(duration_ns),
            calls,
        })
    }

    fn touch(&mut self) -> Result<Touch, Damage> {
        let seq = self.varint()?;
        let abi = self.abi()?;
        let number = self.small()?;
        let outcome = match self.byte()? {
            0 => None,
            tag => match Outcome::from_tag(tag) {
                None => return self.damage("an outcome that this version does not know"),
                known => known,
            },
        };
        let text = std::str::from_utf8(self.text(Detail::LONGEST)?).unwrap_or("");
        let Ok(detail) = text.parse() else {
            return self.damage("a detail that this version does not know");
        };
        Ok(Touch {
            seq,
            call: Call { abi, number },
            detail,
            outcome,
        })
    }

    fn event(&mut self, kind: Kind, version: u16) -> Result<Event, Damage> {
        let thread = ThreadKey {
            tgid: self.small()?,
            tid: self.small()?,
            start_ns: self.varint()?,
        };
        let comm = Comm::new(self.text(15)?);
        let service = match version {
            1 => ServiceId::NONE,
            _ => ServiceId(self.small()?),
        };
        let time_ns = self.varint()?;
        let kind = match kind {
            Kind::Calls => EventKind::Calls(self.stretch(time_ns)?),
            Kind::Fork => EventKind::Fork {
                child_tgid: self.small()?,
                child_tid: self.small()?,
            },
            Kind::Exit => EventKind::Exit {
                count: self.varint()?,
            },
            Kind::Touch => EventKind::Touch(self.touch()?),
            _ => EventKind::Exec,
        };
        Ok(Event {
            thread,
            comm,
            service,
            time_ns,
            kind,
        })
    }
}

/// Reads one payload of a recording of this version.
///
/// # Errors
///
/// An unknown kind or ABI, a number or text that the format does not allow, or bytes left over.
pub(super) fn record(bytes: &[u8], version: u16) -> Result<Record, Damage> {
    let mut payload = Payload { bytes, at: 0 };
    let tag = payload.byte()?;
    let Some(kind) = Kind::from_tag(tag) else {
        return Err(Damage {
            at: 0,
            problem: format!("{tag} is no kind of record that this version knows"),
        });
    };
    let record = match kind {
        Kind::Header => Record::Header(Header {
            started_unix_ns: payload.varint()?,
            started_monotonic_ns: payload.varint()?,
            native: payload.abi()?,
            kernel: payload.string(LONGEST_TEXT)?,
            targets: payload.string(LONGEST_TEXT)?,
        }),
        Kind::Lost => Record::Lost {
            reason: payload.text(LONGEST_REASON)?.escape_ascii().to_string(),
            total: payload.varint()?,
        },
        Kind::End => {
            payload.varint()?;
            Record::End {
                calls: payload.varint()?,
            }
        }
        Kind::Calls | Kind::Fork | Kind::Exec | Kind::Exit | Kind::Touch => {
            Record::Event(payload.event(kind, version)?)
        }
    };
    if !payload.is_empty() {
        return payload.damage("the record has bytes left over");
    }
    Ok(record)
}
