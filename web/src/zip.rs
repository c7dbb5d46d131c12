//! Files in one zip archive, as they are: pictures are packed already.
//!
//! Written after PKWARE's `APPNOTE.TXT`, sections 4.3.7 (a file's header), 4.3.12 (its entry in the
//! directory) and 4.3.16 (the end).

use robust_core::link::checksum;

/// What is needed to read it, as ten times a version, and how names are written (UTF-8).
const VERSION: u16 = 20;
const UTF8: u16 = 1 << 11;
/// 1 January 1980, where the format's days begin: nobody needs to know when a picture was made.
const DATE: u16 = (1 << 5) | 1;

/// An archive of files by their names, in this order; `None` where it would be too large for the
/// format (4 GB, 65,535 files).
pub fn zip(files: &[(String, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, bytes) in files {
        let at = u32::try_from(archive.len()).ok()?;
        let size = u32::try_from(bytes.len()).ok()?;
        let mut described = Vec::new();
        // Method and time are 0: stored, at midnight.
        for number in [VERSION, UTF8, 0, 0, DATE] {
            described.extend(number.to_le_bytes());
        }
        for number in [checksum(bytes), size, size] {
            described.extend(number.to_le_bytes());
        }
        // Nothing stands beside the name.
        described.extend(u16::try_from(name.len()).ok()?.to_le_bytes());
        described.extend([0, 0]);

        archive.extend(b"PK\x03\x04");
        archive.extend(&described);
        archive.extend(name.as_bytes());
        archive.extend(bytes);

        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&described);
        // No comment, the first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, size) = (u32::try_from(archive.len()).ok()?, u32::try_from(directory.len()).ok()?);
    let count = u16::try_from(files.len()).ok()?.to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06");
    archive.extend([0; 4]);
    archive.extend([count, count].concat());
    archive.extend(size.to_le_bytes());
    archive.extend(at.to_le_bytes());
    archive.extend([0; 2]);
    Some(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of an archive of one file, byte by byte.
    #[test]
    fn one_file_is_written_as_the_format_says() {
        let name = "añb.png";
        let archive = zip(&[(name.into(), b"123456789".to_vec())]).unwrap();
        let number = |at: usize, length: usize| {
            archive[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
        };
        // The checksum that every table of CRCs gives for these nine digits.
        assert_eq!((number(14, 4), number(18, 4), number(22, 4)), (0xcbf4_3926, 9, 9));
        assert_eq!(number(26, 2) as usize, name.len());
        let bytes = 30 + name.len();
        assert_eq!(&archive[30..bytes], name.as_bytes());
        assert_eq!(&archive[bytes..bytes + 9], b"123456789");
        let directory = bytes + 9;
        assert_eq!(&archive[directory..directory + 4], b"PK\x01\x02");
        assert_eq!(archive[4..30], archive[directory + 6..directory + 32]);
        let end = directory + 46 + name.len();
        assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
        assert_eq!((number(end + 8, 2), number(end + 10, 2)), (1, 1));
        assert_eq!(number(end + 12, 4) as usize, end - directory);
        assert_eq!(number(end + 16, 4) as usize, directory);
        assert_eq!(archive.len(), end + 22);
    }
}
