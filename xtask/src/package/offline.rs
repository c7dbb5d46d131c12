//! Writes `offline.js`, the service worker: `static/offline.js` with the list of the page's files
//! and what they hold.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{read, sha256, write};
use crate::command::root;

const NAME: &str = "offline.js";

/// Where the list goes.
const PLACE: &str = "const FILES = {};";

/// Lists every file of `folder` in its service worker.
pub fn write_worker(folder: &Path) -> Result<()> {
    let template = String::from_utf8(read(&root().join("static").join(NAME))?)?;
    if !template.contains(PLACE) {
        bail!("static/{NAME} has no place for the list of files");
    }
    let files = serde_json::to_string_pretty(&files(folder)?)?;
    write(&folder.join(NAME), template.replace(PLACE, &format!("const FILES = {files};")))
}

/// SHA-256 of every file but the service worker itself, by its path below the page.
fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries =
            fs::read_dir(&next).with_context(|| format!("cannot list {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let parts: Vec<_> =
                path.strip_prefix(folder)?.iter().map(|part| part.to_string_lossy()).collect();
            found.insert(parts.join("/"), sha256(&read(&path)?));
        }
    }
    found.remove(NAME);
    Ok(found)
}
