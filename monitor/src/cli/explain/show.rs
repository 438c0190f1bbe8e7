//! A kept alarm as a person reads it.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use monitor::alarm_log::stored::Found;
use monitor::detect::verdict::{Alarm, Pace};
use monitor::report::json::alarm::{AlarmError, AlarmRecord};
use monitor::report::text::{Block, call_name};
use monitor::syscall::event::{Call, Comm};

/// Calls of the window before an alarm that are shown.
const BEFORE: usize = 32;

/// Columns after which names go on in the next line.
const WIDTH: usize = 100;

/// The whole of what is known of an alarm.
pub fn explanation(found: &Found, colour: bool) -> Result<String, AlarmError> {
    let record = &found.alarm;
    let alarm = record.alarm()?;
    let source = record
        .source
        .as_ref()
        .map(|it| it.escape_debug().to_string());
    let mut text = Block { colour }.of(&alarm, &time(record), source.as_deref());
    let calls = &alarm.flight.calls;
    let from = calls.len().saturating_sub(BEFORE);
    let _ = writeln!(
        text,
        "Before it, the last {} of {} calls (* among the most surprising):",
        calls.len() - from,
        calls.len()
    );
    let first_seq = alarm.flight.first_seq.saturating_add(from as u64);
    window(
        &mut text,
        first_seq,
        &calls[from..],
        &alarm,
        &alarm.flight.names,
    );
    match &found.aftermath {
        None => text.push_str("After it: not recorded\n"),
        Some(next) => {
            let next = next.aftermath()?;
            let end = if next.ended {
                ", then the thread ended"
            } else {
                ""
            };
            let _ = writeln!(text, "After it, {} calls{end}:", next.calls.len());
            window(&mut text, next.first_seq, &next.calls, &alarm, &[]);
        }
    }
    let short = |sha256: &str| -> String { sha256.escape_debug().take(12).collect() };
    let _ = match &record.model {
        Some(model) => write!(
            text,
            "Judged by the model {}, sha256 {}",
            model.name.escape_debug(),
            short(&model.sha256)
        ),
        None => write!(text, "Judged by an unnamed model"),
    };
    let _ = match &record.profile {
        Some(profile) => writeln!(
            text,
            ", and the profile with sha256 {}{}",
            short(&profile.sha256),
            if profile.adapted {
                ", which learned on meanwhile"
            } else {
                ""
            }
        ),
        None => writeln!(text, ", without a profile"),
    };
    Ok(text)
}

/// Time, id, name, process and reason in a line.
pub fn listed(record: &AlarmRecord) -> String {
    let unit = match record.pace {
        Pace::Slow => "nats a call, slow mean",
        Pace::Fast => "nats a call, fast mean",
        Pace::Sequence => "nats, sequences never learned",
        Pace::FirstSeen => "nats, never seen before",
    };
    // Shown although it may not be what a monitor wrote: escaped once more then.
    let comm = match Comm::from_escaped(&record.comm) {
        Some(comm) => comm.to_string(),
        None => record.comm.escape_debug().take(64).collect(),
    };
    let id: String = record.id.escape_debug().take(128).collect();
    format!(
        "{}  {id}  {comm}  pid {}  {:.2} over {:.2} {unit}\n",
        time(record),
        record.pid,
        record.score,
        record.threshold
    )
}

/// Local date and time.
fn time(record: &AlarmRecord) -> String {
    let parsed = record
        .time
        .as_ref()
        .and_then(|time| time.parse::<Timestamp>().ok());
    match parsed {
        Some(time) => time
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        None => "-".into(),
    }
}

/// Names of calls in lines that begin with the place of the first; another name of the thread
/// begins a line.
fn window(text: &mut String, first_seq: u64, calls: &[Call], alarm: &Alarm, names: &[(u64, Comm)]) {
    let mut line = String::new();
    for (place, &call) in (0..).zip(calls) {
        let seq = first_seq.saturating_add(place);
        let named = names.iter().rev().find(|&&(at, _)| at <= seq);
        let renamed = named.filter(|&&(at, _)| place == 0 || at == seq);
        let mark = if alarm.surprising.iter().any(|it| it.seq == seq) {
            "*"
        } else {
            ""
        };
        let word = format!(" {mark}{}", call_name(call));
        if !line.is_empty() && (renamed.is_some() || line.len() + word.len() > WIDTH) {
            let _ = writeln!(text, "{line}");
            line.clear();
        }
        if line.is_empty() {
            line = format!("  #{seq:<8}");
            if let Some((_, comm)) = renamed {
                let _ = write!(line, " [{comm}]");
            }
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "{line}");
    }
}
