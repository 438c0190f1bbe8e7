//! What to say of how well a profile supports a budget of false alarms.

use std::time::Duration;

use monitor::profile::budget::{Budget, Support};
use monitor::profile::class::Class;

/// What to say when a profile does not know its service long enough to report by itself, within the
/// budget, what a person would expect to hear of; `None` when it does.
pub fn unsupported(budget: &Budget, support: &Support) -> Option<String> {
    let reported = |class| support.of(class).is_some_and(|it| it.reported);
    // Where what calls touch is known, a program comes with its file.
    let program = reported(Class::Name) || reported(Class::ProgramTouch);
    let expected = [
        (Class::PrivilegedCall, reported(Class::PrivilegedCall)),
        (Class::Name, program),
    ];
    let missing = expected.iter().filter(|it| !it.1);
    let missing: Vec<_> = missing.filter_map(|it| support.of(it.0)).collect();
    let longest = missing.iter().map(|it| it.more_s).reduce(f64::max)?;
    let words: Vec<_> = missing.iter().map(|it| it.class.words()).collect();
    Some(format!(
        "the profile was learned for {}: under {budget}, {} is not reported by itself yet; {}",
        span(support.learned_s),
        words.join(" or "),
        more(longest)
    ))
}

/// The advice to learn for so many seconds more.
fn more(seconds: f64) -> String {
    const MOST_S: f64 = 30.0 * 86_400.0;
    if seconds > MOST_S {
        "this service comes up with such things too often for that budget".into()
    } else {
        format!(
            "learning for {} more, by monitor learn --update, would do",
            span(seconds)
        )
    }
}

/// A time in words, to two units.
pub fn span(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0).round()).unwrap_or(Duration::MAX);
    let shown = humantime::format_duration(whole).to_string();
    shown.split(' ').take(2).collect::<Vec<_>>().join(" ")
}
