//! The list of what is heavy wherever it is new.

use std::io::Write;

use anyhow::Result;
use monitor::detail::sensitive::LIST;
use serde::Serialize;

use crate::cli::Format;

/// A line of the list as JSON.
#[derive(Serialize)]
struct Line {
    what: &'static str,
    matches: &'static str,
    technique: Option<&'static str>,
    source: &'static str,
}

/// Writes every line.
pub fn write(out: &mut impl Write, format: Format) -> Result<()> {
    for line in &LIST {
        match format {
            Format::Json => {
                let line = Line {
                    what: line.what,
                    matches: line.matches,
                    technique: line.technique,
                    source: line.source,
                };
                serde_json::to_writer(&mut *out, &line)?;
                writeln!(out)?;
            }
            Format::Text => {
                writeln!(out, "{}", line.what)?;
                writeln!(out, "  matches    {}", line.matches)?;
                if let Some(technique) = line.technique {
                    writeln!(out, "  technique  {technique}")?;
                }
                writeln!(out, "  source     {}", line.source)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Format, LIST, write};

    #[test]
    fn every_line_is_written_with_its_source() {
        let mut text = Vec::new();
        write(&mut text, Format::Text).expect("memory");
        let text = String::from_utf8(text).expect("text");
        assert_eq!(text.matches("  source ").count(), LIST.len());
        let mut json = Vec::new();
        write(&mut json, Format::Json).expect("memory");
        let json = String::from_utf8(json).expect("text");
        for line in json.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert!(line["source"].is_string(), "{line}");
        }
        assert_eq!(json.lines().count(), LIST.len());
    }
}
