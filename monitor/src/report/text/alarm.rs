//! An alarm as a block of lines.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{call_name, expectation, grouped};
use crate::detect::verdict::{Alarm, Evidence, Kin, Pace, SurprisingCall, TELLING_NATS};
use crate::profile::first_seen::{First, FirstSeen};

/// How often the service made two calls in a row at most for the count to say something.
const RARE: u64 = 10;

/// How alarms are laid out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Block {
    /// Whether words are coloured.
    pub colour: bool,
}

impl Block {
    /// The lines of an alarm that was raised at a time, as it is shown; `origin` is the file that
    /// is replayed.
    #[must_use]
    pub fn of(self, alarm: &Alarm, when: &str, origin: Option<&str>) -> String {
        let bold = Style::new().bold();
        let mut block = format!(
            "{} {when} pid {} tid {} {}",
            self.paint(red(), "ALARM"),
            alarm.thread.tgid,
            alarm.thread.tid,
            self.paint(bold, &alarm.comm.to_string()),
        );
        if let Some(name) = origin {
            let _ = write!(block, " in {name}");
        }
        block.push('\n');
        let by_profile = is_by_profile(alarm);
        if by_profile {
            self.reasons(&mut block, alarm);
        } else {
            let _ = writeln!(
                block,
                "  score {} over {:.2} nats a call ({}), evidence {}",
                self.paint(red(), &format!("{:.2}", alarm.score)),
                alarm.threshold,
                pace(alarm.pace),
                evidence(alarm.evidence),
            );
        }
        let telling = |one: &&SurprisingCall| one.surprise >= TELLING_NATS;
        for one in alarm.surprising.iter().filter(telling) {
            block.push_str(&self.row(one));
        }
        if alarm.lineage.len() > 1 {
            let _ = writeln!(block, "  processes {}", lineage(&alarm.lineage));
        }
        let kept = alarm.flight.calls.len();
        // A line that is read back may hold any text as its id.
        let id = alarm.id.escape_debug();
        let _ = if by_profile {
            writeln!(block, "  {kept} calls kept, id {id} (monitor explain {id})")
        } else {
            writeln!(block, "  {kept} calls kept for replay, id {id}")
        };
        block
    }

    /// Each score that crossed, the new things under theirs.
    fn reasons(self, block: &mut String, alarm: &Alarm) {
        for (place, &(one, score, threshold)) in alarm.reasons.iter().enumerate() {
            let unit = match one {
                Pace::Slow | Pace::Fast => "nats a call",
                Pace::Sequence | Pace::FirstSeen => "nats",
            };
            let _ = write!(
                block,
                "  score {} over {threshold:.2} {unit} ({})",
                self.paint(red(), &format!("{score:.2}")),
                pace(one),
            );
            let _ = match place {
                0 => writeln!(block, ", evidence {}", evidence(alarm.evidence)),
                _ => writeln!(block),
            };
            if one == Pace::FirstSeen {
                self.first_seen(block, &alarm.first_seen);
            }
        }
        // What is new is shown even where it did not suffice by itself.
        if !alarm.reasons.iter().any(|it| it.0 == Pace::FirstSeen) && !alarm.first_seen.is_empty() {
            block.push_str("  never seen before, by itself no reason for an alarm\n");
            self.first_seen(block, &alarm.first_seen);
        }
    }

    fn first_seen(self, block: &mut String, events: &[FirstSeen]) {
        let yellow = AnsiColor::Yellow.on_default();
        for one in events {
            let (name, why) = match &one.what {
                First::Call(call) => (call_name(*call), "call never made by the service".into()),
                First::Name(comm) => (comm.to_string(), "process name never run".into()),
                First::CallOfName(comm, call) => (
                    call_name(*call),
                    format!("call never made by processes of the name {comm}"),
                ),
                First::Touch(detail) => (detail.to_string(), "never touched by the service".into()),
                First::Outcome(detail, outcome) => (
                    detail.to_string(),
                    format!("never went so for the service: {}", outcome.name()),
                ),
            };
            let technique = one.technique().map(|it| format!(" ({it})"));
            let name = self.paint(yellow, &format!("{name:<20}"));
            let _ = writeln!(
                block,
                "    #{:<6} {name} {:>6.2} nats  {why}{}",
                one.seq,
                one.nats,
                technique.unwrap_or_default()
            );
        }
    }

    fn row(self, one: &SurprisingCall) -> String {
        let yellow = AnsiColor::Yellow.on_default();
        let name = format!("{:<20}", call_name(one.call));
        let mut row = format!(
            "  #{:<8} {} {:>6.2} nats  expected {}",
            one.seq,
            self.paint(yellow, &name),
            one.surprise,
            expectation(&one.expected),
        );
        // That the two are common in a row says nothing: it is what came before them that
        // surprised.
        if let Some((before, count)) = one.pair.filter(|&(_, count)| count <= RARE) {
            let _ = write!(
                row,
                "; {} → {} {}",
                call_name(before),
                call_name(one.call),
                times(count)
            );
        }
        row.push('\n');
        row
    }

    fn paint(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }
}

fn red() -> Style {
    AnsiColor::Red.on_default().bold()
}

/// Whether a profile judged: only then is anything of the service's own in the alarm.
fn is_by_profile(alarm: &Alarm) -> bool {
    let own = |one: &SurprisingCall| {
        one.pair.is_some() || one.expected.iter().any(|it| it.call.is_some())
    };
    alarm.pace == Pace::FirstSeen
        || !alarm.first_seen.is_empty()
        || alarm.surprising.iter().any(own)
}

/// Processes from the ancestor down, `nginx (40) → sh (41)`.
pub(super) fn lineage(kin: &[Kin]) -> String {
    let one = |kin: &Kin| match kin.comm.as_bytes() {
        [] => format!("? ({})", kin.tgid),
        _ => format!("{} ({})", kin.comm, kin.tgid),
    };
    kin.iter().map(one).collect::<Vec<_>>().join(" → ")
}

fn times(count: u64) -> String {
    match count {
        0 => "never seen before".into(),
        1 => "seen once before".into(),
        many => format!("seen {} times before", grouped(many)),
    }
}

fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Complete => "complete",
        Evidence::Gapped => "gapped",
    }
}

/// Which score crossed, in words.
#[must_use]
pub(super) fn pace(pace: Pace) -> &'static str {
    match pace {
        Pace::Slow => "slow mean, about 100 calls",
        Pace::Fast => "fast mean, about 10 calls",
        Pace::Sequence => "sequences never learned",
        Pace::FirstSeen => "never seen before",
    }
}

#[cfg(test)]
mod tests {
    use super::Block;
    use crate::detect::verdict::Alarm;
    use crate::report::sample;

    const PLAIN: Block = Block { colour: false };

    fn shown(block: Block, alarm: &Alarm) -> String {
        block.of(alarm, "12.000s", None)
    }

    #[test]
    fn an_alarm_names_who_what_and_what_was_expected() {
        assert_eq!(
            shown(PLAIN, &sample::alarm()),
            "ALARM 12.000s pid 41 tid 42 evil\\x1b[2J\n  \
             score 5.25 over 3.20 nats a call (slow mean, about 100 calls), evidence complete\n  \
             #2        ptrace                12.50 nats  expected read 61%, (no counterpart) 5%\n  \
             3 calls kept for replay, id 41-1\n"
        );
    }

    #[test]
    fn an_alarm_by_a_profile_names_each_reason_each_new_thing_the_pairs_and_the_lineage() {
        assert_eq!(
            shown(PLAIN, &sample::profiled_alarm()),
            "ALARM 12.000s pid 41 tid 42 evil\\x1b[2J
  score 31.50 over 16.25 nats (never seen before), evidence complete
    #0      sh\\x1b[2J             12.50 nats  process name never run
    #1      read                   9.00 nats  call never made by processes of the name sh\\x1b[2J
    #2      ptrace                16.00 nats  call never made by the service (T1055.008)
  score 6.50 over 4.50 nats a call (fast mean, about 10 calls)
  #2        ptrace                12.50 nats  expected read 61%; read → ptrace never seen before
  processes nginx (40) → sh\\x1b[2J (41)
  3 calls kept, id 41-1 (monitor explain 41-1)
"
        );
    }

    #[test]
    fn new_things_are_told_even_when_another_score_crossed() {
        let mut alarm = sample::profiled_alarm();
        alarm.reasons.remove(0);
        let text = shown(PLAIN, &alarm);
        assert!(text.contains("by itself no reason"), "{text}");
        assert!(text.contains("process name never run"), "{text}");
    }

    #[test]
    fn colour_wraps_the_words_and_changes_nothing_else() {
        for alarm in [sample::alarm(), sample::profiled_alarm()] {
            let painted = shown(Block { colour: true }, &alarm);
            assert!(painted.contains("\x1b["));
            let mut stripped = String::new();
            for part in painted.split('\x1b') {
                let text = part.strip_prefix('[').and_then(|part| part.split_once('m'));
                stripped.push_str(text.map_or(part, |(_, text)| text));
            }
            assert_eq!(stripped, shown(PLAIN, &alarm));
        }
    }
}
