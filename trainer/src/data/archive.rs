//! Zip files larger than memory: only the list of their images is held, and each image is read where it lies.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use zip::ZipArchive;

/// Most bytes of an image file in a zip file, which can be made of next to none.
const LARGEST: u64 = 64 << 20;

/// A zip file whose entries any number of threads can read at once.
pub struct Archive {
    path: PathBuf,
    zip: ZipArchive<Reader>,
    stamp: Stamp,
}

/// A file in an archive.
pub struct Entry {
    pub name: PathBuf,
    pub index: usize,
    /// In bytes, once it is unpacked.
    pub length: u64,
}

/// What differs once a file has been written again: its length and when that was.
type Stamp = (u64, Option<SystemTime>);

impl Archive {
    /// Reads the list of a zip file's entries, and gives those for which `is_wanted`.
    ///
    /// # Errors
    ///
    /// Where this is no zip file, or one of the wanted entries cannot be read or is larger than any photo.
    pub fn open(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<(Self, Vec<Entry>)> {
        let cannot = || format!("cannot read {} as a zip file", path.display());
        let file = File::open(path).with_context(cannot)?;
        let stamp = stamp(&file.metadata().with_context(cannot)?);
        let mut zip = ZipArchive::new(Reader::new(Arc::new(file))).with_context(cannot)?;
        let mut entries = Vec::new();
        for index in 0..zip.len() {
            let entry = zip.by_index(index).with_context(cannot)?;
            let name = PathBuf::from(entry.name());
            if !entry.is_file() || !is_wanted(&name) {
                continue;
            }
            let length = entry.size();
            if length > LARGEST {
                bail!("{}: {} is larger than any photo", path.display(), name.display());
            }
            entries.push(Entry { name, index, length });
        }
        Ok((Self { path: path.into(), zip, stamp }, entries))
    }

    /// What to call an entry in a message.
    pub fn name(&self, index: usize) -> String {
        format!("{}: {}", self.path.display(), self.zip.name_for_index(index).unwrap_or("?"))
    }

    /// The bytes of an entry, of which the list has said how many there are.
    ///
    /// # Errors
    ///
    /// Where there are more or others, and where the file has changed since it was listed.
    pub fn read(&self, index: usize, length: u64) -> Result<Vec<u8>> {
        self.unpacked(index, length).map_err(|error| {
            let now = fs::metadata(&self.path);
            if now.is_ok_and(|now| stamp(&now) == self.stamp) {
                return error;
            }
            error.context(format!(
                "{} has changed since its images were listed: leave it as it is while it is used, and start again",
                self.path.display()
            ))
        })
    }

    fn unpacked(&self, index: usize, length: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // The list is shared, so that a copy costs next to nothing. One byte more than there should be
        // brings the end within reach, where the checksum is compared.
        self.zip.clone().by_index(index)?.take(length + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            bail!("it is not as long as the zip file's list says");
        }
        Ok(bytes)
    }
}

fn stamp(file: &fs::Metadata) -> Stamp {
    (file.len(), file.modified().ok())
}

/// Where one reader is in a file that others read at the same time.
struct Place {
    file: Arc<File>,
    at: u64,
}

impl Read for Place {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Place {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// A reader whose copies share the file and nothing else.
struct Reader(BufReader<Place>);

impl Reader {
    fn new(file: Arc<File>) -> Self {
        Self(BufReader::new(Place { file, at: 0 }))
    }
}

impl Clone for Reader {
    /// Begins at the start of the file.
    fn clone(&self) -> Self {
        Self::new(self.0.get_ref().file.clone())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.0.read_to_end(buffer)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip file with two entries, and its list.
    fn archive(path: &Path) -> (Archive, Vec<Entry>) {
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        for name in ["cat/a.png", "cat/b.png", "read me.txt"] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(name.repeat(1000).as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        Archive::open(path, |name| name.extension().is_some_and(|ending| ending == "png")).unwrap()
    }

    #[test]
    fn entries_are_read_where_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.zip");
        let (archive, entries) = archive(&path);
        assert_eq!(entries.len(), 2);
        let second = &entries[1];
        assert_eq!(archive.name(second.index), format!("{}: cat/b.png", path.display()));
        for _ in 0..2 {
            let bytes = archive.read(second.index, second.length).unwrap();
            assert_eq!(bytes, "cat/b.png".repeat(1000).as_bytes());
        }
        // A list that says too little is not believed.
        let error = archive.read(second.index, second.length - 1).unwrap_err().to_string();
        assert!(error.contains("not as long"), "{error}");
    }

    #[test]
    fn nothing_of_an_entry_is_held_and_a_change_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.zip");
        let (archive, entries) = archive(&path);
        let length = fs::metadata(&path).unwrap().len() as usize;
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        (&file).write_all(&vec![b'x'; length + 1]).unwrap();
        let error = archive.read(entries[0].index, entries[0].length).unwrap_err().to_string();
        assert!(error.contains("some.zip has changed since"), "{error}");
    }
}
