//! The built page with other models than it was built with, as files by their paths.

mod stored;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use robust_core::model::atlas::Atlas;
use robust_core::model::catalog::CatalogEntry;
use serde_json::Deserializer;

use crate::files;
use stored::Stored;

/// The page's list of models.
const INDEX: &str = "models/index.json";

/// The page's service worker, and what stands before its list of files.
const WORKER: &str = "offline.js";
const LIST: &str = "const FILES = ";

/// A page and one's own models.
pub struct Site {
    page: PathBuf,
    /// What stands in for the page's own files, by path.
    own: BTreeMap<String, Source>,
}

/// Where an answer comes from. Models may be larger than memory, and stay where they are.
enum Source {
    Disk(Stored),
    Made(Vec<u8>),
}

/// An answer.
pub struct Found {
    /// Its contents.
    pub reader: Box<dyn Read>,
    /// How many bytes they are.
    pub bytes: u64,
    /// What they are.
    pub media_type: &'static str,
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
            let mut add = |name: &str, source| own.insert(format!("models/{name}"), source);
            entry.file = file("safetensors");
            let model = Stored::new(path)?;
            ensure!(
                model.sha256() == entry.sha256,
                "{} changed while it was read: start again",
                path.display()
            );
            add(&entry.file, Source::Disk(model));
            if entry.atlas.is_some() {
                let mut atlas = read_atlas(&path.with_extension("atlas.json"))?;
                let sheet = Stored::new(&path.with_file_name(&atlas.sheet))?;
                // Its model may go by another name here.
                atlas.sheet = file("atlas.jpg");
                add(&atlas.sheet, Source::Disk(sheet));
                add(&file("atlas.json"), Source::Made(serde_json::to_vec(&atlas)?));
                entry.atlas = Some(file("atlas.json"));
            }
            let beside =
                [(&mut entry.gaussians, "gaussians.json"), (&mut entry.examples, "examples.jpg")];
            for (named, ending) in beside.into_iter().filter(|(named, _)| named.is_some()) {
                let name = file(ending);
                add(&name, Source::Disk(Stored::new(&path.with_extension(ending))?));
                *named = Some(name);
            }
            catalog.push(entry);
        }
        own.insert(INDEX.into(), Source::Made(serde_json::to_vec(&catalog)?));
        let worker = String::from_utf8(files::read(&page.join(WORKER))?)?;
        let hashes = own.iter().map(|(path, source)| (path.clone(), source.sha256()));
        own.insert(WORKER.into(), Source::Made(relisted(&worker, hashes.collect())?.into()));
        Ok(Self { page: page.into(), own })
    }

    /// What lies at `path` (no leading slash), if anything does.
    ///
    /// # Errors
    ///
    /// Where it can no longer be read, or is not what it was when the server started.
    pub fn file(&self, path: &str) -> Result<Option<Found>> {
        let path = if path.is_empty() { "index.html" } else { path };
        let (reader, bytes): (Box<dyn Read>, u64) = match self.own.get(path) {
            Some(Source::Made(bytes)) => (Box::new(Cursor::new(bytes.clone())), bytes.len() as u64),
            Some(Source::Disk(stored)) => {
                let contents = stored.open()?;
                let bytes = contents.length();
                (Box::new(contents), bytes)
            }
            None => {
                let Some(file) = self.file_of_page(path) else { return Ok(None) };
                let bytes = file.metadata()?.len();
                (Box::new(file), bytes)
            }
        };
        Ok(Some(Found { reader, bytes, media_type: media_type(path) }))
    }

    fn file_of_page(&self, path: &str) -> Option<File> {
        // Neither `..` nor a drive leads out of the folder.
        let inside = |part| matches!(part, Component::Normal(_));
        // The page's own models are not there any more.
        if path.starts_with("models/") || !Path::new(path).components().all(inside) {
            return None;
        }
        let path = self.page.join(path);
        path.is_file().then(|| File::open(path).ok())?
    }
}

impl Source {
    fn sha256(&self) -> String {
        match self {
            Source::Disk(stored) => stored.sha256().to_owned(),
            Source::Made(bytes) => files::sha256(bytes),
        }
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

/// The service worker with these models' hashes in its list instead of the page's: it keeps and answers with
/// only what has the listed hash.
fn relisted(worker: &str, own: BTreeMap<String, String>) -> Result<String> {
    let unlisted = || format!("{WORKER} of the page holds no list of files: build the page anew");
    let (before, list) = worker.split_once(LIST).with_context(unlisted)?;
    let mut parsed = Deserializer::from_str(list).into_iter::<BTreeMap<String, String>>();
    let mut files = parsed.next().with_context(unlisted)?.with_context(unlisted)?;
    files.retain(|path, _| !path.starts_with("models/"));
    files.extend(own);
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
        let own = || BTreeMap::from([("models/new".to_owned(), "3".to_owned())]);
        assert_eq!(
            relisted(worker, own()).unwrap(),
            "// x\nconst FILES = {\"a.js\":\"1\",\"models/new\":\"3\"};\nrest"
        );
        assert!(relisted("nothing", own()).unwrap_err().to_string().contains("build the page"));
        assert!(relisted("const FILES = 7;", own()).is_err());
    }

    #[test]
    fn names_need_no_escapes() {
        assert_eq!(plain(Path::new("a b/my ü&.pt")), Path::new("my---.safetensors"));
    }
}
