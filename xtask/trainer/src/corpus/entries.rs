//! The files inside of a zip, which is taken as hostile.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use anyhow::{Context, Result, bail, ensure};
use zip::ZipArchive;

/// The most bytes that all files of an archive may unpack to; ADFA-LD's are under 12 million.
const LARGEST_TOTAL: u64 = 256 << 20;

/// The most files that an archive may hold; ADFA-LD's has under 6,100.
const MOST_FILES: usize = 100_000;

/// What lies in a zip.
pub type Entries = (Vec<(String, Vec<u8>)>, BTreeMap<String, u64>);

/// Unpacks a zip's traces into memory, each of at most so many bytes, and counts what is none by
/// reason.
///
/// # Errors
/// When the zip is damaged, climbs out of itself or unpacks to far more than ADFA-LD.
pub fn unpack(file: impl Read + Seek, largest_file: u64) -> Result<Entries> {
    let mut archive = ZipArchive::new(file).context("the zip is damaged; fetch it again")?;
    ensure!(
        archive.len() <= MOST_FILES,
        "the zip holds {} files, ADFA-LD under 6,100; give the published one",
        archive.len()
    );
    let mut files = Vec::new();
    let mut skipped = BTreeMap::<String, u64>::new();
    let mut total = 0;
    for index in 0..archive.len() {
        let entry = archive
            .by_index(index)
            .context("the zip is damaged; fetch it again")?;
        let Some(name) = entry.enclosed_name() else {
            bail!(
                "the zip holds \"{}\", a path that climbs out of it; do not use it",
                entry.name().escape_debug()
            );
        };
        if entry.is_dir() {
            continue;
        }
        let name = name.to_string_lossy().into_owned();
        let last = name.rsplit('/').next().unwrap_or_default();
        let reason = if last == ".DS_Store" || last.starts_with("._") || name.contains("__MACOSX") {
            Some("file of macOS's Finder")
        } else if !last.ends_with(".txt") {
            Some("file whose name does not end in .txt")
        } else {
            None
        };
        if let Some(reason) = reason {
            *skipped.entry(reason.to_owned()).or_default() += 1;
            continue;
        }
        // The sizes that the zip states are not believed: reading stops at the limit.
        let limit = largest_file.min(LARGEST_TOTAL - total);
        let mut bytes = Vec::new();
        entry
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .with_context(|| {
                format!(
                    "{} in the zip is damaged; fetch it again",
                    name.escape_debug()
                )
            })?;
        total += bytes.len() as u64;
        ensure!(
            bytes.len() as u64 <= limit,
            "the zip unpacks to far more than ADFA-LD ({} is where reading stopped); give the \
             published one",
            name.escape_debug()
        );
        files.push((name, bytes));
    }
    Ok((files, skipped))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::unpack;

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer
                .start_file(*name, SimpleFileOptions::default())
                .expect("in memory");
            writer.write_all(bytes).expect("in memory");
        }
        writer.finish().expect("in memory").into_inner()
    }

    #[test]
    fn what_is_no_trace_is_counted() {
        let bytes = zip(&[
            ("a/.DS_Store", b"x"),
            ("a/b.txt", b"1 2"),
            ("list.pdf", b"x"),
        ]);
        let (files, skipped) = unpack(Cursor::new(bytes), 64 << 20).expect("it is sound");
        assert_eq!(files, [("a/b.txt".to_owned(), b"1 2".to_vec())]);
        assert_eq!(skipped.values().sum::<u64>(), 2);
    }

    #[test]
    fn a_path_that_climbs_out_is_refused() {
        let problem = unpack(Cursor::new(zip(&[("../../evil.txt", b"1")])), 64 << 20)
            .expect_err("it climbs out");
        assert!(problem.to_string().contains("climbs out"), "{problem}");
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_the_memory() {
        let zeros = vec![b' '; 65 << 20];
        let problem =
            unpack(Cursor::new(zip(&[("a.txt", &zeros)])), 64 << 20).expect_err("it is a bomb");
        assert!(
            problem.to_string().contains("far more than ADFA-LD"),
            "{problem}"
        );
    }

    #[test]
    fn a_cut_zip_is_an_error_at_every_length() {
        let bytes = zip(&[("a.txt", b"1 2 3"), ("b.txt", b"4")]);
        for end in 0..bytes.len() {
            assert!(
                unpack(Cursor::new(&bytes[..end]), 64 << 20).is_err(),
                "cut at {end}"
            );
        }
    }
}
