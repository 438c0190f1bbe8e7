//! Verdicts as a person reads them.

use std::fmt::Write as _;
use std::io;

use anstyle::{AnsiColor, Style};

use crate::detect::verdict::{Alarm, Evidence, Expected, Pace, SurprisingCall, ThreadEnd, Verdict};
use crate::report::output::Output;
use crate::report::sink::{Origin, Sink};
use crate::report::snapshot::Summary;
use crate::syscall::event::Call;
use crate::syscall::{adfa, table};

/// Writes each alarm as a block of lines, and if asked to each thread's end as one.
pub struct Text {
    output: Output,
    colour: bool,
    thread_ends: bool,
    origin: Origin,
}

impl Text {
    /// Writes to `output`, coloured or not; `thread_ends` shows how each thread's life went, too.
    #[must_use]
    pub fn new(output: Output, colour: bool, thread_ends: bool) -> Self {
        Self {
            output,
            colour,
            thread_ends,
            origin: Origin::default(),
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }

    fn alarm(&self, alarm: &Alarm) -> String {
        let red = AnsiColor::Red.on_default().bold();
        let bold = Style::new().bold();
        let mut block = format!(
            "{} {} pid {} tid {} {}",
            self.paint(red, "ALARM"),
            self.origin.clock.shown(alarm.time_ns),
            alarm.thread.tgid,
            alarm.thread.tid,
            self.paint(bold, &alarm.comm.to_string()),
        );
        if let Some(name) = &self.origin.name {
            let _ = write!(block, " in {name}");
        }
        let _ = writeln!(
            block,
            "\n  score {} over {:.2} nats a call ({}), evidence {}",
            self.paint(red, &format!("{:.2}", alarm.score)),
            alarm.threshold,
            pace(alarm.pace),
            match alarm.evidence {
                Evidence::Complete => "complete",
                Evidence::Gapped => "gapped",
            },
        );
        let rows: Vec<_> = alarm.surprising.iter().map(|one| self.row(one)).collect();
        block.extend(rows);
        let _ = writeln!(
            block,
            "  {} calls kept for replay, id {}",
            alarm.flight.calls.len(),
            alarm.id
        );
        block
    }

    fn row(&self, one: &SurprisingCall) -> String {
        let yellow = AnsiColor::Yellow.on_default();
        let name = format!("{:<20}", call_name(one.call));
        format!(
            "  #{:<8} {} {:>6.2} nats  expected {}\n",
            one.seq,
            self.paint(yellow, &name),
            one.surprise,
            expectation(&one.expected),
        )
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
    fn origin(&mut self, origin: &Origin) {
        self.origin.clone_from(origin);
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        let text = match verdict {
            Verdict::Alarm(alarm) => self.alarm(alarm),
            Verdict::ThreadEnd(end) if self.thread_ends => self.thread_end(end),
            Verdict::ThreadEnd(_) | Verdict::Aftermath(_) => return Ok(()),
        };
        self.output.write(text.as_bytes())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// Which mean crossed, in words.
fn pace(pace: Pace) -> &'static str {
    match pace {
        Pace::Slow => "slow mean, about 100 calls",
        Pace::Fast => "fast mean, about 10 calls",
        Pace::FirstSeen => "never seen before",
    }
}

/// The name of a call in its own table, or its number where the table has none.
#[must_use]
pub fn call_name(call: Call) -> String {
    table::name(call).map_or_else(
        || format!("{}:{}", table::abi_name(call.abi), call.number),
        str::to_owned,
    )
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

#[cfg(test)]
mod tests {
    use super::{Text, expectation, grouped};
    use crate::detect::verdict::Expected;
    use crate::report::output::Output;
    use crate::report::sample;

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

    #[test]
    fn an_alarm_names_who_what_and_what_was_expected() {
        let text = Text::new(Output::stdout(), false, false);
        assert_eq!(
            text.alarm(&sample::alarm()),
            "ALARM 12.000s pid 41 tid 42 evil\\x1b[2J\n  \
             score 5.25 over 3.20 nats a call (slow mean, about 100 calls), evidence complete\n  \
             #2        ptrace                12.50 nats  expected read 61%, (no counterpart) 5%\n  \
             3 calls kept for replay, id 41-1\n"
        );
    }

    #[test]
    fn colour_wraps_the_words_and_changes_nothing_else() {
        let plain = Text::new(Output::stdout(), false, false).alarm(&sample::alarm());
        let painted = Text::new(Output::stdout(), true, false).alarm(&sample::alarm());
        assert!(painted.contains("\x1b["));
        let mut stripped = String::new();
        for part in painted.split('\x1b') {
            let text = part.strip_prefix('[').and_then(|part| part.split_once('m'));
            stripped.push_str(text.map_or(part, |(_, text)| text));
        }
        assert_eq!(stripped, plain);
    }
}
