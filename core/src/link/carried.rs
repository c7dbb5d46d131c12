//! Links that travel inside a picture, in a PNG's text chunk.

/// Keyword of the chunk that holds a filmstrip's link.
pub(crate) const KEYWORD: &str = "robust-reps-link";

/// What a PNG file begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The link inside a filmstrip; `None` for any other file.
///
/// Walks the file's chunks (length, type, data, checksum) without a decoder, which the page would
/// have to download. The chunk's checksum is not compared: a link has its own.
pub fn link_of(file: &[u8]) -> Option<String> {
    let mut rest = file.strip_prefix(SIGNATURE)?;
    loop {
        let (length, after) = rest.split_first_chunk()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (data, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let text = data.strip_prefix(KEYWORD.as_bytes()).and_then(|text| text.strip_prefix(&[0]));
        if let (b"tEXt", Some(text)) = (kind, text) {
            return String::from_utf8(text.to_vec()).ok();
        }
        rest = after.get(4..)?;
    }
}
