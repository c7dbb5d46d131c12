//! Joins the styles, one file per subject, into one: a page waits for all of them before it shows anything, and a
//! browser asks a server for six files at a time.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{page, read, sha256, write};

const LINK: &str = "<link rel=\"stylesheet\" href=\"./";

/// Puts all styles of `index.html`, in their order, into one file that is named by what it holds.
pub fn join(folder: &Path) -> Result<()> {
    let (path, page) = page(folder)?;
    let (before, files, after) = parts(&page);
    if files.len() < 2 {
        return Ok(());
    }
    let mut styles = Vec::new();
    for file in &files {
        styles.extend(read(&folder.join(file))?);
        fs::remove_file(folder.join(file)).with_context(|| format!("cannot remove {file}"))?;
    }
    let name = format!("style-{}.css", &sha256(&styles)[..16]);
    write(&folder.join(&name), styles)?;
    write(&path, [&before, LINK, &name, "\"/>", &after].concat())
}

/// What stands before the first style, the names of all, and what stands after it without the others.
fn parts(page: &str) -> (String, Vec<&str>, String) {
    let mut split = page.split(LINK);
    let before = split.next().unwrap_or_default().to_owned();
    let (mut files, mut after) = (Vec::new(), String::new());
    for part in split {
        let (file, rest) = part.split_once('"').unwrap_or((part, ""));
        files.push(file);
        let rest = rest.split_once('>').map_or("", |(_, rest)| rest);
        // Nothing but space stands between two of them.
        after = [after.trim_end(), rest].concat();
    }
    (before, files, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_become_one_in_their_order() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("styles-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let at = |name: &str| folder.join(name);
        let link = |name: &str| format!("{LINK}{name}\" integrity=\"sha384-a/b\"/>\n  ");
        let page = format!("<head>{}{}<script></script></head>", link("b-1.css"), link("a-2.css"));
        fs::write(at("index.html"), page)?;
        fs::write(at("b-1.css"), "p { color: red; }\n")?;
        fs::write(at("a-2.css"), "p { color: blue; }\n")?;
        join(&folder)?;
        let page = fs::read_to_string(at("index.html"))?;
        let (before, files, after) = parts(&page);
        assert_eq!((before.as_str(), files.len()), ("<head>", 1));
        assert_eq!(after.trim_start(), "<script></script></head>");
        assert_eq!(fs::read_to_string(at(files[0]))?, "p { color: red; }\np { color: blue; }\n");
        assert!(!at("a-2.css").exists() && !at("b-1.css").exists());
        join(&folder)?;
        assert_eq!(fs::read_to_string(at("index.html"))?, page);
        Ok(fs::remove_dir_all(folder)?)
    }
}
