//! The built page with other models than it was built with, as files by their paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use robust_core::model::atlas::Atlas;
use robust_core::model::catalog::CatalogEntry;
use serde_json::Deserializer;

use crate::files;

/// The page's list of models.
const INDEX: &str = "models/index.json";

/// The page's service worker, and what stands before its list of files.
const WORKER: &str = "offline.js";
const LIST: &str = "const FILES = ";

/// A page and one's own models.
pub struct Site {
    page: PathBuf,
    /// What stands in for the page's own files, by path.
    own: BTreeMap<String, Vec<u8>>,
}

impl Site {
    /// The page in the folder `page`, as `cargo xtask build` makes it, with `models` in place of its own.
    ///
    /// # Errors
    ///
    /// Where the folder holds no such page, or what lies beside a model cannot be read.
    pub fn new(page: &Path, models: &[(PathBuf, CatalogEntry)]) -> Result<Self> {
        if !["index.html", "engines.json", WORKER].iter().all(|name| page.join(name).is_file()) {
            bail!(
                "{} holds no built page: make one with `cargo xtask build` in the repository, and \
                 name its folder with --page",
                page.display()
            );
        }
        let mut own = BTreeMap::new();
        let mut catalog = Vec::new();
        let paths: Vec<PathBuf> = models.iter().map(|(path, _)| plain(path)).collect();
        for ((path, entry), name) in models.iter().zip(files::unique_names(&paths)) {
            let mut entry = entry.clone();
            let file = |ending: &str| format!("{name}.{ending}");
            let mut add = |name: &str, bytes| own.insert(format!("models/{name}"), bytes);
            entry.file = file("safetensors");
            add(&entry.file, files::read(path)?);
            if entry.atlas.is_some() {
                let mut atlas = read_atlas(&path.with_extension("atlas.json"))?;
                let sheet = files::read(&path.with_file_name(&atlas.sheet))?;
                // Its model may go by another name here.
                atlas.sheet = file("atlas.jpg");
                add(&atlas.sheet, sheet);
                add(&file("atlas.json"), serde_json::to_vec(&atlas)?);
                entry.atlas = Some(file("atlas.json"));
            }
            if entry.gaussians.is_some() {
                let name = file("gaussians.json");
                add(&name, files::read(&path.with_extension("gaussians.json"))?);
                entry.gaussians = Some(name);
            }
            catalog.push(entry);
        }
        own.insert(INDEX.into(), serde_json::to_vec(&catalog)?);
        let worker = String::from_utf8(files::read(&page.join(WORKER))?)?;
        own.insert(WORKER.into(), relisted(&worker, &own)?.into());
        Ok(Self { page: page.into(), own })
    }

    /// What lies at `path` (no leading slash) and its media type, if anything does.
    pub fn file(&self, path: &str) -> Option<(Vec<u8>, &'static str)> {
        let path = if path.is_empty() { "index.html" } else { path };
        let bytes = match self.own.get(path) {
            Some(bytes) => bytes.clone(),
            // The page's own models are not there any more.
            None if path.starts_with("models/") => return None,
            None => {
                // Neither `..` nor a drive leads out of the folder.
                let inside = |part| matches!(part, Component::Normal(_));
                if !Path::new(path).components().all(inside) {
                    return None;
                }
                fs::read(self.page.join(path)).ok()?
            }
        };
        Some((bytes, media_type(path)))
    }
}

/// A model's path with a name that needs no escapes in an address.
fn plain(path: &Path) -> PathBuf {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    format!("{}.safetensors", name.chars().map(letter).collect::<String>()).into()
}

fn read_atlas(path: &Path) -> Result<Atlas> {
    serde_json::from_slice(&files::read(path)?)
        .with_context(|| format!("cannot understand {}", path.display()))
}

/// The service worker with these models in its list instead of the page's: it keeps and answers with
/// only what has the listed hash.
fn relisted(worker: &str, own: &BTreeMap<String, Vec<u8>>) -> Result<String> {
    let unlisted = || format!("{WORKER} of the page holds no list of files: build the page anew");
    let (before, list) = worker.split_once(LIST).with_context(unlisted)?;
    let mut parsed = Deserializer::from_str(list).into_iter::<BTreeMap<String, String>>();
    let mut files = parsed.next().with_context(unlisted)?.with_context(unlisted)?;
    files.retain(|path, _| !path.starts_with("models/"));
    files.extend(own.iter().map(|(path, bytes)| (path.clone(), files::sha256(bytes))));
    let after = &list[parsed.byte_offset()..];
    Ok(format!("{before}{LIST}{}{after}", serde_json::to_string(&files)?))
}

fn media_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_worker_lists_the_own_models_only() {
        let worker = "// x\nconst FILES = {\n  \"a.js\": \"1\",\n  \"models/old\": \"2\"\n};\nrest";
        let own = BTreeMap::from([("models/new".to_owned(), b"abc".to_vec())]);
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(
            relisted(worker, &own).unwrap(),
            format!("// x\nconst FILES = {{\"a.js\":\"1\",\"models/new\":\"{sha256}\"}};\nrest")
        );
        assert!(relisted("nothing", &own).unwrap_err().to_string().contains("build the page"));
        assert!(relisted("const FILES = 7;", &own).is_err());
    }

    #[test]
    fn names_need_no_escapes() {
        assert_eq!(plain(Path::new("a b/my ü&.pt")), Path::new("my---.safetensors"));
    }
}
