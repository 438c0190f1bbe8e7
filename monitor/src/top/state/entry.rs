//! A line that a person writes.

use std::time::Duration;

use super::{Key, Order};
use crate::alarm_log::notes::LONGEST_REASON;

/// The longest text that is taken, bytes.
const LONGEST: usize = 256;

const _: () = assert!(LONGEST <= LONGEST_REASON, "a reason can be kept");

/// What is being written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Entry {
    /// What to search for.
    Search(String),
    /// What rows must have.
    Filter(String),
    /// What is known of an incident.
    Acknowledge(String, String),
    /// For how long incidents like one are not to be reported.
    SuppressFor(String, String),
    /// Why they are not.
    SuppressWhy(String, Duration, String),
    /// Whether an incident is taken as normal.
    Accept(String),
}

/// What a key made of it.
pub(super) enum Outcome {
    /// It goes on.
    Goes(Entry),
    /// It is left, and nothing is done.
    Ends(Entry),
    /// It is left, and stays in force.
    Kept(Entry),
    /// It is done.
    Orders(Order),
    /// It goes on, since what was written is wrong.
    Wrong(Entry, &'static str),
}

impl Entry {
    /// What is asked.
    #[must_use]
    pub const fn question(&self) -> &'static str {
        match self {
            Self::Search(_) => "Search: ",
            Self::Filter(_) => "Filter: ",
            Self::Acknowledge(..) => "Acknowledge; what is known of it (may be empty): ",
            Self::SuppressFor(..) => "Suppress incidents like it for (as 8h or 7d): ",
            Self::SuppressWhy(..) => "Suppress; why: ",
            Self::Accept(_) => "Take what it did as normal from now on? [y/N] ",
        }
    }

    /// What was written so far.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Search(text)
            | Self::Filter(text)
            | Self::Acknowledge(_, text)
            | Self::SuppressFor(_, text)
            | Self::SuppressWhy(_, _, text) => text,
            Self::Accept(_) => "",
        }
    }

    fn text_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Search(text)
            | Self::Filter(text)
            | Self::Acknowledge(_, text)
            | Self::SuppressFor(_, text)
            | Self::SuppressWhy(_, _, text) => Some(text),
            Self::Accept(_) => None,
        }
    }

    pub(super) fn press(mut self, key: Key) -> Outcome {
        match (key, self.text_mut()) {
            (Key::Escape, _) => Outcome::Ends(self),
            (Key::Enter, _) => self.end(),
            (Key::Letter('y' | 'Y'), None) => match self {
                Self::Accept(id) => Outcome::Orders(Order::Accept(id)),
                other => Outcome::Ends(other),
            },
            (_, None) => Outcome::Ends(self),
            (Key::Letter(letter), Some(text)) => {
                if text.len() + letter.len_utf8() <= LONGEST && !letter.is_control() {
                    text.push(letter);
                }
                Outcome::Goes(self)
            }
            (Key::Backspace, Some(text)) => {
                text.pop();
                Outcome::Goes(self)
            }
            (_, Some(_)) => Outcome::Goes(self),
        }
    }

    fn end(self) -> Outcome {
        let trimmed = |text: &str| text.trim().to_owned();
        match self {
            Self::Search(_) | Self::Filter(_) => Outcome::Kept(self),
            Self::Accept(_) => Outcome::Ends(self),
            Self::Acknowledge(id, text) => {
                let known = Some(trimmed(&text)).filter(|it| !it.is_empty());
                Outcome::Orders(Order::Acknowledge(id, known))
            }
            Self::SuppressFor(id, text) => match humantime::parse_duration(text.trim()) {
                Ok(span) if !span.is_zero() => {
                    Outcome::Goes(Self::SuppressWhy(id, span, String::new()))
                }
                _ => Outcome::Wrong(Self::SuppressFor(id, text), "give a time, as 8h or 7d"),
            },
            Self::SuppressWhy(id, span, text) => match trimmed(&text) {
                why if why.is_empty() => {
                    Outcome::Wrong(Self::SuppressWhy(id, span, text), "give a reason")
                }
                why => Outcome::Orders(Order::Suppress(id, span, why)),
            },
        }
    }
}
