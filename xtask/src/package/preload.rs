//! Takes the checksum off what `index.html` has browsers fetch ahead of the script: they ignore it there,
//! and warn about it in the console. Modules keep theirs.

use std::path::Path;

use anyhow::Result;

use super::{page, write};

const LINK: &str = "<link rel=\"preload\"";
const INTEGRITY: &str = " integrity=\"";

/// Rewrites `index.html`.
pub fn uncheck(folder: &Path) -> Result<()> {
    let (path, page) = page(folder)?;
    write(&path, unchecked(&page))
}

fn unchecked(page: &str) -> String {
    let mut parts = page.split(LINK);
    let mut rewritten = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (link, rest) = part.split_at(part.find('>').unwrap_or(part.len()));
        let kept = match link.split_once(INTEGRITY) {
            Some((before, after)) => {
                [before, after.split_once('"').map_or("", |(_, after)| after)].concat()
            }
            None => link.to_owned(),
        };
        rewritten += &[LINK, &kept, rest].concat();
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::unchecked;

    #[test]
    fn only_what_is_fetched_ahead_loses_its_checksum() {
        let module = "<link rel=\"modulepreload\" href=\"./page.js\" integrity=\"sha384-a\">";
        let wasm =
            "<link rel=\"preload\" href=\"./page.wasm\" integrity=\"sha384-b\" as=\"fetch\">";
        let plain = "<link rel=\"preload\" href=\"./page.wasm\" as=\"fetch\">";
        let page = |wasm: &str| [module, wasm, wasm, "<p integrity=\"none\">"].concat();
        assert_eq!(unchecked(&page(wasm)), page(plain));
        assert_eq!(unchecked(&page(plain)), page(plain));
    }
}
