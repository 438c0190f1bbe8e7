//! Verdicts as a person reads them.

mod alarm;
mod incident;

use std::fmt::Write as _;
use std::io;

use crate::detect::verdict::{Expected, ThreadEnd, Verdict};
use crate::incident::Incident;
use crate::incident::ids::Shortener;
use crate::report::output::Output;
use crate::report::sink::{Interest, Origin, Sink};
use crate::response::statement::ActionStatement;
use crate::syscall::event::{Abi, Call};
use crate::syscall::{adfa, table};

pub use alarm::Block;
pub use incident::Page;

/// Writes each incident as a block of lines, and if asked to each thread's end as one. Alarms are
/// the evidence behind it: `monitor explain` shows them.
pub struct Text {
    output: Output,
    page: Page,
    thread_ends: bool,
    origin: Origin,
    known: Shortener,
}

impl Text {
    /// Writes to `output`; `thread_ends` shows how each thread's life went, too.
    #[must_use]
    pub fn new(output: Output, page: Page, thread_ends: bool) -> Self {
        Self {
            output,
            page,
            thread_ends,
            origin: Origin::default(),
            known: Shortener::default(),
        }
    }

    fn thread_end(&self, end: &ThreadEnd) -> String {
        let nats = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.3}"));
        let mut line = format!(
            "thread {}/{} {}: {} calls, {} scored",
            end.thread.tgid,
            end.thread.tid,
            end.comm,
            grouped(end.calls),
            grouped(end.scored),
        );
        if end.lost > 0 {
            let _ = write!(line, ", {} lost", grouped(end.lost));
        }
        let _ = writeln!(
            line,
            ", mean surprise {}, highest score {}, {} {}",
            nats(end.mean_surprise),
            nats(end.highest_score),
            end.alarms,
            if end.alarms == 1 { "alarm" } else { "alarms" },
        );
        line
    }
}

impl Sink for Text {
    fn interest(&self) -> Interest {
        Interest {
            aftermath: false,
            thread_ends: self.thread_ends,
            ..Interest::ALARMS
        }
    }

    fn origin(&mut self, origin: &Origin) {
        self.origin.clone_from(origin);
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        let text = match verdict {
            Verdict::Blind(blind) => self.page.blind(blind, self.origin.clock),
            Verdict::ThreadEnd(end) => self.thread_end(end),
            Verdict::Aftermath(_) | Verdict::Alarm(_) => return Ok(()),
        };
        self.output.write(text.as_bytes())
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        if incident.suppressed.is_some() {
            return Ok(());
        }
        self.known.note(&incident.id);
        let id = self.known.shown(&incident.id);
        let (clock, source) = (self.origin.clock, self.origin.name.as_deref());
        let text = self.page.of(incident, id, clock, source);
        self.output.write(text.as_bytes())
    }

    fn action(&mut self, said: &ActionStatement) -> io::Result<()> {
        self.output.write(format!("{}\n", said.line()).as_bytes())
    }
}

/// The name of a call in its own table, or its number where the table has none.
#[must_use]
pub fn call_name(call: Call) -> String {
    let abi = table::abi_name(call.abi);
    match table::name(call) {
        // The names are those of calls that do the same.
        Some(name) if call.abi == Abi::IoUring => format!("{abi}:{name}"),
        Some(name) => name.to_owned(),
        None => format!("{abi}:{}", call.number),
    }
}

/// What a vocabulary index is called: ADFA-LD's name.
#[must_use]
pub fn index_name(index: u16) -> String {
    match index {
        0 => "(no counterpart)".into(),
        index => adfa::name(index).map_or_else(|| format!("#{index}"), str::to_owned),
    }
}

/// Calls with their probabilities, likeliest first.
#[must_use]
pub fn expectation(expected: &[Expected]) -> String {
    if expected.is_empty() {
        return "nothing (the model gives no distribution)".into();
    }
    let one = |one: &Expected| {
        let percent = match one.probability * 100.0 {
            percent if percent < 0.5 => "<1".into(),
            percent => format!("{percent:.0}"),
        };
        let name = one.call.map_or_else(|| index_name(one.index), call_name);
        format!("{name} {percent}%")
    };
    expected.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// So many of something: `1 thread`, `2 threads`.
#[must_use]
pub fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count))
}

/// A number with commas between groups of three digits.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A share between 0 and 1 in percent; of one below a percent two digits that count.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent >= 1.0 || percent <= 0.0 {
        return format!("{percent:.1}%");
    }
    let places = (1.0 - percent.log10().floor()).clamp(1.0, 9.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and 9"
    )]
    let places = places as usize;
    format!("{percent:.places$}%")
}

#[cfg(test)]
mod tests {
    use super::{expectation, grouped, percent};
    use crate::detect::verdict::Expected;

    #[test]
    fn a_small_share_does_not_look_like_none() {
        let shown = [1.0, 0.7, 0.0123, 0.00123, 0.000_04, 0.0].map(percent);
        assert_eq!(
            shown,
            ["100.0%", "70.0%", "1.2%", "0.12%", "0.0040%", "0.0%"]
        );
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn an_unlikely_call_is_not_called_impossible() {
        assert_eq!(
            expectation(&[(3, 0.994), (4, 0.004)].map(Expected::general)),
            "read 99%, write <1%"
        );
    }
}
