//! What of a command line is not to be written down.

use regex::Regex;

use super::LONGEST;

/// Secrets as they commonly stand in arguments: `password=…`, `--token …`, `scheme://user:…@`.
pub const COMMON_SECRETS: &str = concat!(
    r"(?i)(?:pass(?:word|wd|phrase)?|pwd|token|secret|api[_-]?key|credentials?)[\w-]*[=:]\s*(\S+)",
    r"|(?:^|\s)--?[\w-]*(?:pass(?:word|wd|phrase)?|token|secret|api[_-]?key)[\w-]*\s+(\S+)",
    r"|://[^/\s:@]+:([^/\s@]+)@",
);

/// In the place of a secret.
const REDACTED: &str = "[redacted]";

/// Hides what a pattern finds, and makes texts harmless to show.
#[derive(Clone, Debug)]
pub struct Redaction(Regex);

impl Default for Redaction {
    fn default() -> Self {
        Self::new(COMMON_SECRETS).expect("a test holds it to be well-formed")
    }
}

impl Redaction {
    /// Hides the groups of `pattern` where it matches, or all of the match where it has none.
    ///
    /// # Errors
    /// When it is no regular expression, or one too large.
    pub fn new(pattern: &str) -> Result<Self, regex::Error> {
        Regex::new(pattern).map(Self)
    }

    /// The text with secrets hidden, everything that steers a terminal escaped, and cut to
    /// [`LONGEST`] bytes.
    #[must_use]
    pub fn shown(&self, text: &str) -> String {
        let mut hidden = String::with_capacity(text.len().min(LONGEST));
        let mut from = 0;
        for found in self.0.captures_iter(text) {
            let groups = found.iter().skip(1).flatten();
            let whole = found.get(0).filter(|_| found.len() == 1);
            for secret in groups.chain(whole) {
                hidden.push_str(text.get(from..secret.start()).unwrap_or_default());
                hidden.push_str(REDACTED);
                from = secret.end();
            }
        }
        hidden.push_str(text.get(from..).unwrap_or_default());
        harmless(&hidden)
    }
}

/// The text with everything that steers a terminal or the direction of writing escaped, cut to
/// [`LONGEST`] bytes.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars() {
        // Unicode's controls of direction and its invisible letters, besides those of ASCII.
        let steers = letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        let length = shown.len();
        if steers {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
        if shown.len() > LONGEST - '…'.len_utf8() {
            shown.truncate(length);
            shown.push('…');
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Redaction, harmless};

    #[test]
    fn secrets_of_a_command_line_are_hidden_and_their_names_stay() {
        let redaction = Redaction::default();
        for (given, shown) in [
            (
                "mysql -u me --password=hunter2 db",
                "mysql -u me --password=[redacted] db",
            ),
            ("app --api-token abc run", "app --api-token [redacted] run"),
            (
                "curl https://me:pw@host/x",
                "curl https://me:[redacted]@host/x",
            ),
            (
                "env AWS_SECRET_KEY=a/b TOKEN=c",
                "env AWS_SECRET_KEY=[redacted] TOKEN=[redacted]",
            ),
            ("nginx -g daemon off;", "nginx -g daemon off;"),
        ] {
            assert_eq!(redaction.shown(given), shown);
        }
        let own = Redaction::new("card [0-9]+").expect("well-formed");
        assert_eq!(own.shown("pay card 4711 now"), "pay [redacted] now");
        assert!(Redaction::new("(").is_err());
    }

    #[test]
    fn what_steers_is_escaped_and_what_is_long_is_cut() {
        assert_eq!(
            harmless("a\u{1b}[2J\u{202e}b\nü"),
            "a\\u{1b}[2J\\u{202e}b\\nü"
        );
        for text in [
            "x".repeat(10_000),
            "\u{1b}".repeat(5_000),
            "ü".repeat(9_000),
        ] {
            let shown = harmless(&text);
            assert!(
                shown.len() <= LONGEST && shown.ends_with('…'),
                "{}",
                shown.len()
            );
        }
    }
}
