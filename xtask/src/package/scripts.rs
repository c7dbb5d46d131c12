//! Takes the script that starts the page out of `index.html`: the page's Content-Security-Policy
//! lets no script run that is not a file of its own.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{page, sha256, write};

const OPENING: &str = "<script type=\"module\">";
const CLOSING: &str = "</script>";

/// Puts the script of `index.html` into a file of its own, named by what it holds.
pub fn take_out(folder: &Path) -> Result<()> {
    let (path, page) = page(folder)?;
    let (page, script) = separate(&page)?;
    let Some((name, script)) = script else { return Ok(()) };
    write(&folder.join(name), script)?;
    write(&path, page)
}

type File<'a> = (String, &'a str);

/// The page without its script, and the script with its file's name, if there is one.
fn separate(page: &str) -> Result<(String, Option<File<'_>>)> {
    let Some((before, rest)) = page.split_once(OPENING) else {
        return if page.contains("<script type=\"module\" src=\"./start-") {
            Ok((page.into(), None))
        } else {
            bail!("index.html has no script: does the packager write it in another way now?")
        };
    };
    let (script, after) = rest.split_once(CLOSING).context("the script does not end")?;
    if after.contains(OPENING) {
        bail!("index.html has two scripts, one of which would not run");
    }
    let name = format!("start-{}.js", &sha256(script.as_bytes())[..16]);
    let page = format!("{before}<script type=\"module\" src=\"./{name}\">{CLOSING}{after}");
    Ok((page, Some((name, script))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_becomes_a_file_once() -> Result<()> {
        let whole = "<head><script type=\"module\">\nstart();\n</script></head>";
        let (page, script) = separate(whole)?;
        let (name, script) = script.context("a script")?;
        assert_eq!(script, "\nstart();\n");
        assert!(page.contains(&format!("src=\"./{name}\"></script></head>")), "{page}");
        assert_eq!(separate(&page)?, (page.clone(), None));
        assert!(separate(&whole.repeat(2)).is_err() && separate("<head>").is_err());
        Ok(())
    }
}
