//! What a shell offers behind a word: the host's services, and the latest alarms.

use clap_complete::CompletionCandidate;
use monitor::alarm_log;
use monitor::alarm_log::stored::Log;

use monitor::report::json::alarm::AlarmRecord;

/// Alarms that are offered at most.
const OFFERED: usize = 50;

/// The services of the guard that runs; none when nobody answers.
#[cfg(feature = "live")]
pub fn services() -> Vec<CompletionCandidate> {
    let services = super::ask::AskArgs::usual().services();
    let names = services.unwrap_or_default().into_iter();
    names
        .map(|it| CompletionCandidate::new(it.service))
        .collect()
}

/// The ids of the latest alarms in the log, each with its headline.
pub fn alarms() -> Vec<CompletionCandidate> {
    let latest = alarm_log::place().and_then(|path| Log::new(path).latest(OFFERED));
    let (alarms, _) = latest.unwrap_or_default();
    let offered = |alarm: AlarmRecord| {
        let shown = format!("{} in {}", alarm.time.unwrap_or_default(), alarm.comm);
        CompletionCandidate::new(alarm.id).help(Some(shown.into()))
    };
    alarms.into_iter().map(offered).collect()
}
