//! Text of the page: escaped names, figures as people read them.

use crate::bootstrap::Interval;

/// `text` with everything escaped that HTML could take for markup, in text and in attributes, and
/// without control characters.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
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
    use super::*;

    #[test]
    fn a_name_stays_text() {
        assert_eq!(
            escape("<img src='x' onerror=\"a&b\">\u{1b}[2J"),
            "&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;\u{fffd}[2J"
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
