//! What the guest hands out: the recordings and words of every check, packed and printed on the
//! console.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;

use super::seen::Seen;

const BEGIN: &str = "archive begins";
const END: &str = "archive ends";

/// The files that a guest handed out, by name.
#[derive(Debug, Default)]
pub struct Guest(BTreeMap<String, Vec<u8>>);

impl Guest {
    /// Finds them in what the console printed; `None` when they are not there whole.
    ///
    /// # Errors
    /// What is there is damaged, as by a message of the kernel's in between.
    pub fn from_console(console: &str) -> Result<Option<Self>> {
        let packed = console
            .split_once(BEGIN)
            .and_then(|(_, rest)| rest.split_once(END));
        let Some((digits, _)) = packed else {
            return Ok(None);
        };
        let digits: String = digits.split_whitespace().collect();
        let bytes = hex::decode(digits).context("the archive on the console is damaged")?;
        Self::unpack(&bytes)
            .context("the archive on the console is damaged")
            .map(Some)
    }

    fn unpack(packed: &[u8]) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(GzDecoder::new(packed)).entries()? {
            let mut entry = entry?;
            let path = entry
                .path()?
                .to_string_lossy()
                .trim_start_matches("./")
                .to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.insert(path, bytes);
        }
        Ok(Self(files))
    }

    /// A guest that handed out these files.
    #[cfg(test)]
    pub fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self(files)
    }

    /// A file as text; empty when it is not there.
    pub fn text(&self, file: &str) -> String {
        let bytes = self.0.get(file).map(Vec::as_slice).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim().to_owned()
    }

    /// The status of the monitor in a check; `None` when the check was not made.
    pub fn status(&self, check: &str) -> Option<i32> {
        self.text(&format!("{check}.status")).parse().ok()
    }

    /// What the monitor said in a check.
    pub fn said(&self, check: &str) -> String {
        self.text(&format!("{check}.txt"))
    }

    /// What the monitor recorded in a check.
    ///
    /// # Errors
    /// Nothing, or what cannot be read.
    pub fn seen(&self, check: &str) -> Result<Seen> {
        let name = format!("{check}.rec");
        let bytes = self
            .0
            .get(&name)
            .with_context(|| format!("no recording: {}", last(&self.said(check))))?;
        Seen::read(name, bytes)
    }
}

fn last(said: &str) -> &str {
    said.lines().last().unwrap_or("the monitor said nothing")
}
