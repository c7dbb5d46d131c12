//! Files that are served from the disk, as they were when the server started.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::files;

/// What tells one state of a file from the next: its length, and when it was last written.
#[derive(Clone, Copy, PartialEq)]
struct Stamp {
    bytes: u64,
    written: Option<SystemTime>,
}

/// A file whose contents stay on the disk.
#[derive(Clone)]
pub struct Stored {
    path: PathBuf,
    stamp: Stamp,
    sha256: String,
}

/// The contents, a piece at a time.
pub struct Contents {
    file: File,
    stored: Stored,
}

impl Stored {
    /// Notes what a file holds.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn new(path: &Path) -> Result<Self> {
        let unreadable = || format!("cannot read {}", path.display());
        let mut file = File::open(path).with_context(unreadable)?;
        // Before its contents: what is written meanwhile must not go unnoticed.
        let stamp = file.metadata().map(|data| Stamp::of(&data)).with_context(unreadable)?;
        let sha256 = files::sha256_of(&mut file).with_context(unreadable)?;
        Ok(Self { path: path.into(), stamp, sha256 })
    }

    /// SHA-256 of its contents, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Begins to read it.
    ///
    /// # Errors
    ///
    /// Where it is no longer there, or has changed.
    pub fn open(&self) -> Result<Contents> {
        let unreadable = || format!("cannot read {}", self.path.display());
        let file = File::open(&self.path).with_context(unreadable)?;
        let stamp = file.metadata().map(|data| Stamp::of(&data)).with_context(unreadable)?;
        ensure!(stamp == self.stamp, self.changed());
        Ok(Contents { file, stored: self.clone() })
    }

    fn changed(&self) -> String {
        format!("{} has changed since `serve` was started: start it again", self.path.display())
    }
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        Self { bytes: data.len(), written: data.modified().ok() }
    }
}

impl Contents {
    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.stored.stamp.bytes
    }
}

impl Read for Contents {
    /// Fails where the file has been written to since the server started: half of it would be of another
    /// file.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        match Stamp::of(&self.file.metadata()?) == self.stored.stamp {
            true => Ok(count),
            false => Err(io::Error::other(self.stored.changed())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::*;

    #[test]
    fn contents_are_read_as_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        fs::write(&path, vec![7; 1 << 20]).unwrap();
        let stored = Stored::new(&path).unwrap();
        let mut contents = stored.open().unwrap();
        assert_eq!(contents.length(), 1 << 20);
        let mut piece = [0; 4096];
        contents.read_exact(&mut piece).unwrap();
        // Whoever had read the whole file at once would not see this.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"more").unwrap();
        let error = contents.read_exact(&mut piece).unwrap_err().to_string();
        assert!(error.contains("has changed since"), "{error}");
        let error = stored.open().err().unwrap().to_string();
        assert!(error.contains("model has changed since"), "{error}");
        fs::remove_file(&path).unwrap();
        assert!(stored.open().err().unwrap().to_string().contains("cannot read"));
    }

    #[test]
    fn a_file_that_was_replaced_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, new) = (folder.path().join("model"), folder.path().join("new"));
        fs::write(&path, b"old contents").unwrap();
        let stored = Stored::new(&path).unwrap();
        assert_eq!(stored.sha256(), files::sha256(b"old contents"));
        let mut contents = stored.open().unwrap();
        // As `train` and `eval --write` do it.
        fs::write(&new, b"newer contents").unwrap();
        fs::rename(&new, &path).unwrap();
        let mut read = String::new();
        if contents.read_to_string(&mut read).is_ok() {
            assert_eq!(read, "old contents");
        }
        assert!(stored.open().is_err());
    }
}
