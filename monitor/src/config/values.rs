//! Values that a configuration writes as people do: spans of time, shares, sizes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::profile::budget::Budget;

/// Why a value is none.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{given:?} is no {what}: give {example}")]
pub struct ValueError {
    given: String,
    what: &'static str,
    example: &'static str,
}

fn wrong(given: &str, what: &'static str, example: &'static str) -> ValueError {
    ValueError {
        given: given.chars().take(60).collect(),
        what,
        example,
    }
}

/// A span of time, as in `90s`, `15m` or `1h30m`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        humantime::parse_duration(text).map(Self).map_err(|_| {
            wrong(
                text,
                "span of time",
                "a number and a unit, as in 90s, 15m or 24h",
            )
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = humantime::format_duration(self.0).to_string();
        f.write_str(&text.replace(' ', ""))
    }
}

/// A share of one core, or no limit: `25%`, `none`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Share(pub Option<f64>);

impl FromStr for Share {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let error = || {
            wrong(
                text,
                "share of a core",
                "a percentage above 0, as in 25%, or none",
            )
        };
        if text == "none" {
            return Ok(Self(None));
        }
        let percent = text.strip_suffix('%').unwrap_or(text).trim();
        match percent.parse::<f64>() {
            Ok(percent) if percent.is_finite() && percent > 0.0 => Ok(Self(Some(percent / 100.0))),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // Rounded: a hundredth of a percent is the finest that anybody asks for.
            Some(share) => write!(f, "{}%", (share * 10_000.0).round() / 100.0),
            None => f.write_str("none"),
        }
    }
}

/// Bytes, as in `64MiB` or `8192`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Size(pub u64);

/// Units of a size, the longest first.
const UNITS: [(&str, u32); 9] = [
    ("KiB", 10),
    ("MiB", 20),
    ("GiB", 30),
    ("KB", 10),
    ("MB", 20),
    ("GB", 30),
    ("K", 10),
    ("M", 20),
    ("G", 30),
];

impl FromStr for Size {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let error = || wrong(text, "size", "a number and a unit, as in 64MiB or 512K");
        let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
        let (number, shift) = unit.map_or((text, 0), |(unit, shift)| {
            (text.strip_suffix(unit).unwrap_or(text), *shift)
        });
        let number: u64 = number.trim().parse().map_err(|_| error())?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(error)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            if self.0 > 0 && self.0.is_multiple_of(1 << shift) {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

/// False alarms that are acceptable, as in `1/day`.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Alarms(pub Budget);

impl FromStr for Alarms {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        text.parse().map(Self).map_err(|_| {
            wrong(
                text,
                "budget",
                "a number above 0 and a span, as in 1/day or 10/week",
            )
        })
    }
}

impl fmt::Display for Alarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A severity.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Unusual.
    #[default]
    Low,
    /// Markedly unusual.
    Medium,
    /// The service did what it never did.
    High,
    /// And what only privileged programs do.
    Critical,
}

macro_rules! as_text {
    ($($value:ty),*) => {$(
        impl TryFrom<String> for $value {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                text.parse()
            }
        }

        impl From<$value> for String {
            fn from(value: $value) -> Self {
                value.to_string()
            }
        }
    )*};
}

as_text!(Span, Share, Size, Alarms);

#[cfg(test)]
mod tests {
    use super::{Share, Size, Span};

    #[test]
    fn values_are_shown_as_they_are_read() {
        for text in ["90s", "15m", "24h", "1h30m"] {
            let span: Span = text.parse().expect(text);
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        for (text, bytes) in [("64MiB", 64 << 20), ("8192", 8192), ("3K", 3072)] {
            let size: Size = text.parse().expect(text);
            assert_eq!(size.0, bytes);
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        for (text, share) in [("25%", Some(0.25)), ("150%", Some(1.5)), ("none", None)] {
            assert_eq!(text.parse(), Ok(Share(share)));
            assert_eq!(Share(share).to_string(), text);
        }
        assert!("17000000000000000000GiB".parse::<Size>().is_err());
        for wrong in ["", "x", "-1s", "0%", "nan%"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}
