//! Text of the page: names that others chose, figures as people read them.

use crate::bootstrap::Interval;

/// Text that somebody else chose, without control characters. What could be markup maud escapes.
#[must_use]
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// An area or a likelihood.
#[must_use]
pub fn three(value: f64) -> String {
    if value.is_nan() {
        "–".to_owned()
    } else {
        format!("{value:.3}")
    }
}

/// A share in percent.
#[must_use]
pub fn percent(share: f64) -> String {
    if share.is_nan() {
        "–".to_owned()
    } else {
        format!("{:.1}%", 100.0 * share)
    }
}

/// An interval, its ends written by `end`.
#[must_use]
pub fn interval(interval: Interval, end: impl Fn(f64) -> String) -> String {
    format!("{} to {}", end(interval.low), end(interval.high))
}

/// A count with commas between thousands.
#[must_use]
pub fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    #[test]
    fn a_name_stays_text() {
        let name = plain("<img src='x' onerror=\"a&b\">\u{1b}[2J");
        assert_eq!(
            html! { p title=(name) { (name) } }.into_string(),
            "<p title=\"&lt;img src='x' onerror=&quot;a&amp;b&quot;&gt;\u{fffd}[2J\">\
             &lt;img src='x' onerror=&quot;a&amp;b&quot;&gt;\u{fffd}[2J</p>"
        );
    }

    #[test]
    fn figures_are_written_for_people() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_068_422), "1,068,422");
        assert_eq!(percent(0.1234), "12.3%");
        assert_eq!(three(f64::NAN), "–");
    }
}
