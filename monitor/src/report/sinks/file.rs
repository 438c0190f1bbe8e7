//! Lines of JSON in a file that is set aside when it is full, and found again when somebody else
//! moved it away (logrotate).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Destination;
use crate::report::notice::Notice;
use crate::report::output::Output;
use crate::run::private_file::{self, Existing};

/// How a file is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// From this size on, bytes, it is set aside; `None` for never.
    pub size: Option<u64>,
    /// Files set aside that are kept.
    pub generations: u32,
    /// Whether those are compressed.
    pub compress: bool,
}

struct Open {
    output: Output,
    device: u64,
    inode: u64,
    length: u64,
}

/// A file.
pub struct LineFile {
    path: PathBuf,
    rotation: Rotation,
    open: Option<Open>,
}

impl LineFile {
    /// Opens `path`, which is made, for this user alone, if it is not there.
    ///
    /// # Errors
    ///
    /// As of [`private_file::open`].
    pub fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let mut file = Self {
            path: path.to_path_buf(),
            rotation,
            open: None,
        };
        file.reopen()?;
        Ok(file)
    }

    fn reopen(&mut self) -> io::Result<()> {
        // Its lock goes first.
        self.open = None;
        let file = private_file::open(&self.path, Existing::Append)?;
        let about = file.metadata()?;
        self.open = Some(Open {
            device: about.dev(),
            inode: about.ino(),
            length: about.len(),
            output: Output::new(Box::new(file)),
        });
        Ok(())
    }

    /// Whether the path still leads to the open file.
    fn is_current(&self) -> bool {
        let about = fs::symlink_metadata(&self.path);
        self.open.as_ref().is_some_and(|open| {
            about.is_ok_and(|it| (it.dev(), it.ino()) == (open.device, open.inode))
        })
    }

    fn is_full(&self) -> bool {
        let length = self.open.as_ref().map_or(0, |open| open.length);
        let is_regular = self.path.is_file();
        self.rotation.size.is_some_and(|size| length >= size) && is_regular
    }

    /// Moves each generation one further, the last away, and the file to the first place.
    fn set_aside(&self) -> io::Result<()> {
        let generations = self.rotation.generations;
        if generations == 0 {
            return fs::remove_file(&self.path);
        }
        for number in (1..=generations).rev() {
            for ending in ["", ".gz"] {
                let from = self.generation(number, ending);
                let moved = if number == generations {
                    fs::remove_file(&from)
                } else {
                    fs::rename(&from, self.generation(number + 1, ending))
                };
                match moved {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        let first = self.generation(1, "");
        fs::rename(&self.path, &first)?;
        if self.rotation.compress {
            compress(&first, &self.generation(1, ".gz"))?;
        }
        Ok(())
    }

    fn generation(&self, number: u32, ending: &str) -> PathBuf {
        let mut name: OsString = self.path.as_os_str().to_owned();
        name.push(format!(".{number}{ending}"));
        name.into()
    }
}

/// Compresses `from` into `to` and removes it, once the whole is on the disk.
fn compress(from: &Path, to: &Path) -> io::Result<()> {
    let file = private_file::open(to, Existing::Replace)?;
    let mut encoder = GzEncoder::new(file, Compression::default());
    io::copy(&mut File::open(from)?, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    fs::remove_file(from)
}

impl Destination for LineFile {
    fn send(&mut self, notice: &Notice) -> io::Result<()> {
        if self.is_full() && self.is_current() {
            // One that cannot be set aside goes on as it is.
            let aside = self.set_aside();
            if let Err(error) = aside {
                log::warn!("{}: cannot be set aside: {error}", self.path.display());
            }
        }
        if !self.is_current() && self.path.parent().is_some() {
            let is_device =
                self.open.is_some() && fs::metadata(&self.path).is_ok_and(|about| !about.is_file());
            if !is_device {
                self.reopen()?;
            }
        }
        let Some(open) = &mut self.open else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let line = format!("{}\n", notice.record);
        open.output.write(line.as_bytes())?;
        open.length = open.length.saturating_add(line.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    use super::{LineFile, Rotation};
    use crate::report::notice::sample;
    use crate::report::sinks::Destination;

    const KEPT: Rotation = Rotation {
        size: Some(1),
        generations: 2,
        compress: false,
    };

    fn send(file: &mut LineFile, record: &str) {
        let mut notice = sample::notice();
        notice.record = record.into();
        file.send(&notice).expect("written");
    }

    #[test]
    fn a_full_file_is_set_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let mut file = LineFile::open(&path, KEPT).expect("made");
        for record in ["1", "2", "3", "4"] {
            send(&mut file, record);
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
        assert_eq!(read("a.jsonl"), "4\n");
        assert_eq!(
            (read("a.jsonl.1"), read("a.jsonl.2")),
            ("3\n".into(), "2\n".into())
        );
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 3);
    }

    #[test]
    fn what_is_set_aside_can_be_compressed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let rotation = Rotation {
            compress: true,
            ..KEPT
        };
        let mut file = LineFile::open(&path, rotation).expect("made");
        for record in ["1", "2", "3"] {
            send(&mut file, record);
        }
        let bytes = fs::read(folder.path().join("a.jsonl.2.gz")).expect("kept");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .expect("whole");
        assert_eq!(text, "1\n");
        assert!(!folder.path().join("a.jsonl.1").exists());
    }

    #[test]
    fn a_file_that_was_moved_away_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let rotation = Rotation { size: None, ..KEPT };
        let mut file = LineFile::open(&path, rotation).expect("made");
        send(&mut file, "1");
        fs::rename(&path, folder.path().join("moved")).expect("moved");
        send(&mut file, "2");
        assert_eq!(fs::read_to_string(&path).expect("made"), "2\n");
        fs::remove_file(&path).expect("removed");
        send(&mut file, "3");
        assert_eq!(fs::read_to_string(&path).expect("made"), "3\n");
    }
}
