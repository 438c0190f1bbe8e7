//! Which files of a folder are traces, and which of ADFA-LD's parts each belongs to.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::trace::error::{TraceError, shown};

/// Files in all that a folder may hold; more is taken for a mistake.
const MOST_FILES: usize = 1_000_000;

/// A part of ADFA-LD, by its folder.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// `Training_Data_Master`: normal.
    Training,
    /// `Validation_Data_Master`: normal.
    Validation,
    /// `Attack_Data_Master`: one folder a run of an attack.
    Attack,
}

impl Part {
    /// Every part, in the order of a corpus.
    pub const ALL: [Self; 3] = [Self::Training, Self::Validation, Self::Attack];

    /// The name of its folder.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Training => "Training_Data_Master",
            Self::Validation => "Validation_Data_Master",
            Self::Attack => "Attack_Data_Master",
        }
    }

    /// The part of a trace by its path, and for an attack its run (`Adduser_1`). `None` when no
    /// component of the path is a part's folder.
    #[must_use]
    pub fn of(path: &Path) -> Option<(Self, Option<String>)> {
        let mut components = path.iter().map(|c| c.to_string_lossy());
        let part =
            components.find_map(|name| Self::ALL.into_iter().find(|part| part.folder() == name))?;
        let below: Vec<_> = components.collect();
        let run = match (part, below.as_slice()) {
            (Self::Attack, [run, _, ..]) => Some(run.clone().into_owned()),
            _ => None,
        };
        Some((part, run))
    }
}

/// The traces of a folder and what else stood in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing {
    /// Paths relative to the folder, sorted.
    pub files: Vec<PathBuf>,
    /// What was left out and how often, by reason in words.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Whether the folder, or the folder `ADFA-LD` in it as the published archive has it, holds
    /// ADFA-LD's three parts; only what is in them was listed then.
    pub three_parts: bool,
}

/// Lists the traces (`*.txt`) below `root`.
///
/// Links are followed, but no folder is entered twice, so that a loop of links is harmless. An
/// empty file and what is no trace by its name or kind are counted, never passed over in silence.
///
/// # Errors
///
/// A folder that cannot be read, or more than a million files.
pub fn list(root: &Path) -> Result<Listing, TraceError> {
    let three_parts = has_parts(root) || has_parts(&root.join("ADFA-LD"));
    let mut walk = Walk {
        root,
        listing: Listing {
            three_parts,
            ..Listing::default()
        },
        entered: HashSet::new(),
        entries: 0,
    };
    walk.enter(PathBuf::new())?;
    let mut listing = walk.listing;
    listing.files.sort();
    Ok(listing)
}

fn has_parts(folder: &Path) -> bool {
    Part::ALL
        .iter()
        .all(|part| folder.join(part.folder()).is_dir())
}

struct Walk<'a> {
    root: &'a Path,
    listing: Listing,
    entered: HashSet<(u64, u64)>,
    entries: usize,
}

impl Walk<'_> {
    fn skip(&mut self, reason: &'static str) {
        *self.listing.skipped.entry(reason).or_default() += 1;
    }

    fn enter(&mut self, first: PathBuf) -> Result<(), TraceError> {
        let mut folders = vec![first];
        while let Some(folder) = folders.pop() {
            let path = self.root.join(&folder);
            let failed = |error| TraceError::Io {
                origin: shown(&path),
                error,
            };
            let metadata = fs::metadata(&path).map_err(failed)?;
            if !self.entered.insert((metadata.dev(), metadata.ino())) {
                self.skip("folder that was entered already, by a link");
                continue;
            }
            let mut names = Vec::new();
            for entry in fs::read_dir(&path).map_err(failed)? {
                names.push(entry.map_err(failed)?.file_name());
                self.entries += 1;
                if self.entries > MOST_FILES {
                    return Err(TraceError::Unusable {
                        origin: shown(self.root),
                        problem: format!("holds more than {MOST_FILES} files"),
                        remedy: "give the folder of the traces itself",
                    });
                }
            }
            // In an order that does not depend on the file system, so that of two links to one
            // folder it is always the same that is entered.
            names.sort();
            let mut below = Vec::new();
            for name in names {
                self.entry(&folder.join(name), &mut below)?;
            }
            folders.extend(below.into_iter().rev());
        }
        Ok(())
    }

    fn entry(&mut self, relative: &Path, folders: &mut Vec<PathBuf>) -> Result<(), TraceError> {
        let name = relative.file_name().unwrap_or_default().to_string_lossy();
        if name == ".DS_Store" || name.starts_with("._") || name == "__MACOSX" {
            self.skip("file of macOS's Finder");
            return Ok(());
        }
        if self.listing.three_parts && Part::of(relative).is_none() && name != "ADFA-LD" {
            self.skip("outside ADFA-LD's three parts");
            return Ok(());
        }
        let path = self.root.join(relative);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(_) if path.is_symlink() => {
                self.skip("link that leads nowhere");
                return Ok(());
            }
            Err(error) => {
                return Err(TraceError::Io {
                    origin: shown(&path),
                    error,
                });
            }
        };
        if metadata.is_dir() {
            folders.push(relative.to_owned());
        } else if !metadata.is_file() {
            self.skip("neither file nor folder");
        } else if !name.ends_with(".txt") {
            self.skip("file whose name does not end in .txt");
        } else if metadata.len() == 0 {
            self.skip(super::EMPTY);
        } else {
            self.listing.files.push(relative.to_owned());
        }
        Ok(())
    }
}
