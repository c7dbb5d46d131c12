//! Writes `offline.js`, the service worker: `static/offline.js` with the list of the page's files
//! and what they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{read, sha256, write};
use crate::command::root;

const NAME: &str = "offline.js";

/// Where the list goes.
const PLACE: &str = "const FILES = {};";

/// Lists the files of `folder` in its service worker, but for networks that are there to be chosen.
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
    let index = folder.join("models/index.json");
    let others = others(&read(&index)?).with_context(|| index.display().to_string())?;
    found.retain(|path, _| !others.iter().any(|other| path.starts_with(other)));
    Ok(found)
}

/// How the paths begin of networks that no visit begins with: whoever chooses one fetches it then.
fn others(index: &[u8]) -> Result<Vec<String>> {
    let listed: Vec<BTreeMap<String, Value>> = serde_json::from_slice(index)?;
    let text = |network: &BTreeMap<String, Value>, field| {
        network.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut roles = BTreeSet::new();
    let others = listed.iter().filter(|network| !roles.insert(text(network, "role")));
    let begin =
        |network| ["models/", text(network, "file").trim_end_matches("safetensors")].concat();
    Ok(others.map(begin).collect())
}

#[cfg(test)]
mod tests {
    use super::others;

    #[test]
    fn the_first_network_of_each_role_comes_along() {
        let index = br#"[
            {"role": "robust", "file": "robust.safetensors"},
            {"role": "robust", "file": "robust128.safetensors"},
            {"role": "standard", "file": "standard.safetensors"}
        ]"#;
        assert_eq!(others(index).unwrap(), ["models/robust128."]);
        assert!(others(b"[]").unwrap().is_empty() && others(b"{").is_err());
    }
}
