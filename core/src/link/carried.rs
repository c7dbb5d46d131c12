//! Links that travel inside a picture.

use std::io::Cursor;

/// Keyword of the PNG text chunk that holds a filmstrip's link.
pub(crate) const KEYWORD: &str = "robust-reps-link";

/// Most bytes of an unpacked text chunk.
const MAX_TEXT: usize = 128 << 10;

/// The link inside a filmstrip; `None` for any other file.
pub fn link_of(file: &[u8]) -> Option<String> {
    let limits = png::Limits { bytes: MAX_TEXT };
    let reader = png::Decoder::new_with_limits(Cursor::new(file), limits).read_info().ok()?;
    let chunks = &reader.info().uncompressed_latin1_text;
    chunks.iter().find(|chunk| chunk.keyword == KEYWORD).map(|chunk| chunk.text.clone())
}
