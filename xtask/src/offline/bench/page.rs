//! Parts of a page that the tools write, between two markers.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::offline::corpus::files::write_whole;

/// Replaces what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->` of a page by `text`.
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
