//! What turns the packager's output into the page that is published.

mod address;
mod engines;
mod offline;
mod preload;
mod scripts;
mod styles;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::command::root;

/// Finishes the folder that is being packaged (or `dist`). `PAGE_ADDRESS` says where it will live,
/// where that is known.
pub fn finish() -> Result<()> {
    let folder = env::var_os("TRUNK_STAGING_DIR").map_or(root().join("dist"), PathBuf::from);
    engines::list(&folder)?;
    scripts::take_out(&folder)?;
    styles::join(&folder)?;
    preload::uncheck(&folder)?;
    address::fill_in(&folder, env::var("PAGE_ADDRESS").ok().as_deref())?;
    // Last: it lists all files as they are.
    offline::write_worker(&folder)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Where `index.html` is, and what it says.
fn page(folder: &Path) -> Result<(PathBuf, String)> {
    let path = folder.join("index.html");
    let text = String::from_utf8(read(&path)?).context("index.html is not text")?;
    Ok((path, text))
}

fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}

/// SHA-256 in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
