//! Where a measurement's report goes: standard output, a file of JSON, and a page, between two
//! markers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Serialize;

use crate::files::write_whole;

/// Where a report goes besides standard output.
#[derive(Args, Clone, Debug)]
pub struct Publish {
    /// Write the figures to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the tables into this page, between the markers of this measurement's name.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

impl Publish {
    /// The page, when one is to be written.
    #[must_use]
    pub fn page(&self) -> Option<&Path> {
        self.page.as_deref()
    }

    /// Prints the tables, and writes what was asked for; `name` is that of the markers.
    ///
    /// # Errors
    /// A file cannot be written, or the page has not both markers.
    pub fn publish(&self, name: &str, report: &impl Serialize, tables: &str) -> Result<()> {
        print!("{tables}");
        if let Some(path) = &self.json {
            write_whole(path, &serde_json::to_vec_pretty(report)?)?;
        }
        if let Some(path) = &self.page {
            replace(path, name, tables)?;
        }
        Ok(())
    }
}

/// Replaces what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->` of a page by
/// `text`.
///
/// # Errors
/// The page cannot be read or written, or has not both markers in this order.
pub fn replace(path: &Path, name: &str, text: &str) -> Result<()> {
    let page = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let page = replaced(&page, name, text).with_context(|| path.display().to_string())?;
    write_whole(path, page.as_bytes())
}

fn replaced(page: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (
        format!("<!-- {name}: begin -->"),
        format!("<!-- {name}: end -->"),
    );
    let Some((before, rest)) = page.split_once(&begin) else {
        bail!("there is no line {begin}");
    };
    let Some((_, after)) = rest.split_once(&end) else {
        bail!("there is no line {end} behind {begin}");
    };
    Ok(format!("{before}{begin}\n{}\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let page = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";
        let new = replaced(page, "x", "new\n").expect("both markers");
        assert_eq!(new, "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n");
        assert_eq!(replaced(&new, "x", "new").expect("still there"), new);
        assert!(replaced(page, "y", "new").is_err());
    }
}
