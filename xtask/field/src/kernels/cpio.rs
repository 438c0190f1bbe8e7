//! Archives that the kernel unpacks as its first file system: cpio in the form "newc"
//! (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::io::{self, Write};

const MAGIC: &[u8] = b"070701";
const TRAILER: &str = "TRAILER!!!";

// S_IFDIR and S_IFREG of include/uapi/linux/stat.h, with rwxr-xr-x.
const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// An archive being written; everything in it is root's.
pub struct Archive<W> {
    to: W,
    entries: u32,
}

impl<W: Write> Archive<W> {
    /// Begins an archive.
    pub fn new(to: W) -> Self {
        Self { to, entries: 0 }
    }

    /// Adds a folder; the folders above it come first.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn folder(&mut self, path: &str) -> io::Result<()> {
        self.entry(path, FOLDER, &[])
    }

    /// Adds a file that can be executed.
    ///
    /// # Errors
    /// It cannot be written, or is 4 GiB or more.
    pub fn program(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.entry(path, PROGRAM, bytes)
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.entry(TRAILER, 0, &[])?;
        self.to.flush()
    }

    fn entry(&mut self, path: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
        self.entries += 1;
        let size = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let name = u32::try_from(path.len() + 1).map_err(io::Error::other)?;
        // ino, mode, uid, gid, nlink, mtime, filesize, four numbers of devices, namesize, check
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name, 0];
        self.to.write_all(MAGIC)?;
        for field in fields {
            write!(self.to, "{field:08X}")?;
        }
        self.to.write_all(path.as_bytes())?;
        self.to.write_all(&[0])?;
        self.pad(MAGIC.len() + 8 * fields.len() + path.len() + 1)?;
        self.to.write_all(bytes)?;
        self.pad(bytes.len())
    }

    // Names and contents end at multiples of four bytes.
    fn pad(&mut self, length: usize) -> io::Result<()> {
        self.to
            .write_all(&[0; 3][..length.next_multiple_of(4) - length])
    }
}

#[cfg(test)]
mod tests {
    use super::Archive;

    #[test]
    fn every_part_begins_at_a_multiple_of_four() {
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes);
        archive.folder("bin").expect("memory");
        archive.program("bin/it", b"12345").expect("memory");
        archive.finish().expect("memory");
        // By hand from the kernel's description: 110 bytes of header, the name with its NUL,
        // padding.
        let second = (110_usize + 4).next_multiple_of(4);
        assert_eq!(&bytes[second..second + 6], b"070701");
        assert_eq!(&bytes[second + 6 + 8..second + 6 + 16], b"000081ED");
        assert_eq!(&bytes[second + 6 + 48..second + 6 + 56], b"00000005");
        let content = (second + 110 + 7).next_multiple_of(4);
        assert_eq!(&bytes[content..content + 5], b"12345");
        assert_eq!(&bytes[content + 8..content + 14], b"070701");
        assert_eq!(bytes.len() % 4, 0);
    }
}
