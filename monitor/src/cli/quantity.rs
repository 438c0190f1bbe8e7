//! Numbers, times, sizes and shares as people give them.

use std::time::Duration;

use monitor::report::text::grouped;

/// The longest time that is taken: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A time: `90s`, `5m`, `1h30m`, or a bare number of seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    const WRONG: &str = "give a time, as in 90s, 5m or 1h30m; a bare number is seconds";
    let text = text.trim();
    let seconds = text.parse().ok().map(Duration::try_from_secs_f64);
    let duration = match seconds {
        Some(duration) => duration.map_err(|_| WRONG)?,
        None => humantime::parse_duration(text).map_err(|_| WRONG)?,
    };
    if duration > LONGEST {
        return Err("give at most 100 years".into());
    }
    Ok(duration)
}

/// A size in bytes: `8388608`, `8192K`, `8M`, `8MB` or `8MiB`, all by powers of 1024.
pub fn size(text: &str) -> Result<u64, String> {
    const WRONG: &str = "give a size, as in 8M, 8MiB or 8388608";
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(WRONG.into()),
    };
    let number: u64 = number.parse().map_err(|_| WRONG)?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "is larger than any memory".into())
}

/// A percentage as a share: `10%` or `10`.
pub fn share(text: &str) -> Option<f64> {
    let text = text.trim();
    let percent = text.strip_suffix('%').unwrap_or(text).trim();
    let percent: f64 = percent.parse().ok()?;
    (percent.is_finite() && percent >= 0.0).then_some(percent / 100.0)
}

/// An exit status.
pub fn exit_status(text: &str) -> Result<u8, String> {
    text.parse()
        .map_err(|_| "give a whole number from 0 to 255".to_owned())
}

/// A whole number of a range.
pub fn whole<const LEAST: u64, const MOST: u64>(text: &str) -> Result<u64, String> {
    match text.trim().parse() {
        Ok(number) if (LEAST..=MOST).contains(&number) => Ok(number),
        _ if MOST == u64::MAX => Err(format!("give a whole number from {LEAST}")),
        _ => Err(format!(
            "give a whole number from {LEAST} to {}",
            grouped(MOST)
        )),
    }
}

/// As [`whole`], of 32 bits.
pub fn whole32<const LEAST: u64, const MOST: u64>(text: &str) -> Result<u32, String> {
    let number = whole::<LEAST, MOST>(text)?;
    u32::try_from(number).map_err(|_| "is too large".into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, share, size, whole32};

    #[test]
    fn a_time_has_units_or_is_in_seconds() {
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        for wrong in [
            "soon",
            "",
            "-1",
            "nan",
            "inf",
            "9223372036854775807s",
            "1e300",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_size_has_a_unit_or_is_in_bytes() {
        for text in ["8388608", "8192K", "8m", "8MB", "8 MiB", "8388608b"] {
            assert_eq!(size(text), Ok(8 << 20), "{text}");
        }
        for wrong in [
            "",
            "M",
            "8X",
            "-8M",
            "99999999999999999999",
            "99999999999G",
            "1.5M",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_a_percentage_with_or_without_its_sign() {
        assert_eq!(share("10%"), Some(0.1));
        assert_eq!(share("10"), Some(0.1));
        for wrong in ["", "%", "-5%", "nan%", "inf", "all"] {
            assert_eq!(share(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_whole_number_is_refused_by_its_range() {
        assert_eq!(whole32::<1, 60_000>("100"), Ok(100));
        let error = whole32::<1, 60_000>("60001").expect_err("too large");
        assert_eq!(error, "give a whole number from 1 to 60,000");
    }
}
