//! Fragments of addresses, and links inside pictures. A fragment ends in a checksum that blind changes
//! never repair: it is put in here, so that what lies behind it is reached.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use robust_core::link::{Link, link_of};

/// The fragment that holds `content`, as a program of this version would have written it.
fn sealed(version: u8, content: &[u8]) -> String {
    let sum = crc32fast::hash(content).to_le_bytes();
    format!("{version}.{}", URL_SAFE_NO_PAD.encode([content, &sum].concat()))
}

fuzz_target!(|bytes: &[u8]| {
    let _ = link_of(bytes);
    let Some((version, content)) = bytes.split_first() else { return };
    let texts = [String::from_utf8_lossy(bytes).into_owned(), sealed(version % 4, content)];
    for link in texts.iter().filter_map(|text| Link::from_fragment(text).ok()) {
        let again = link.to_fragment().map(|text| Link::from_fragment(&text));
        assert_eq!(again, Ok(Ok(link)), "a link that was read writes itself");
    }
});
