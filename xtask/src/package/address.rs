//! Tells the page where it will live: messengers show a link's picture only by its whole address.

use std::path::Path;

use anyhow::{Result, bail};

use super::{page, write};

/// What `index.html` says of the picture, and of the page itself, until the address is known.
const PREVIEW: &str = "property=\"og:image\" content=\"./preview.jpg\"";

/// Completes what `index.html` tells messengers, where an address is given.
pub fn fill_in(folder: &Path, address: Option<&str>) -> Result<()> {
    let Some(address) = address else { return Ok(()) };
    let (path, page) = page(folder)?;
    write(&path, at(&page, address)?)
}

fn at(page: &str, address: &str) -> Result<String> {
    let strange = |c: char| c.is_whitespace() || "\"<>&".contains(c);
    if !address.starts_with("http") || address.contains(strange) {
        bail!("PAGE_ADDRESS is not the address of a page: {address}");
    }
    if !page.contains(PREVIEW) {
        bail!("index.html names no preview picture (preview.jpg)");
    }
    let address = address.trim_end_matches('/');
    let whole = format!(
        "property=\"og:image\" content=\"{address}/preview.jpg\" />\n    \
         <meta property=\"og:url\" content=\"{address}/\""
    );
    Ok(page.replace(PREVIEW, &whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_gets_its_whole_address() -> Result<()> {
        let page = format!("<meta {PREVIEW} />");
        for address in ["https://a.example/reps", "https://a.example/reps/"] {
            let page = at(&page, address)?;
            assert!(page.contains("content=\"https://a.example/reps/preview.jpg\" />"), "{page}");
            assert!(page.contains("\"og:url\" content=\"https://a.example/reps/\" />"), "{page}");
        }
        assert!(at(&page, "reps").is_err() && at(&page, "https://a\"b").is_err());
        assert!(at("<meta />", "https://a.example").is_err());
        Ok(())
    }
}
