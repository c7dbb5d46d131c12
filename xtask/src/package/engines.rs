//! Writes `engines.json`: what the page must know to download an engine.

use std::path::Path;

use anyhow::Result;
use robust_core::model::catalog::{Asset, Engines};

use super::{read, sha256, write};

/// Lists the engines in `folder`, with length and SHA-256.
pub fn list(folder: &Path) -> Result<()> {
    let engines = Engines {
        webgpu: asset(folder, "engine-webgpu_bg.wasm")?,
        cpu: asset(folder, "engine-cpu_bg.wasm")?,
        importer: asset(folder, "importer_bg.wasm")?,
        reader: asset(folder, "reader_bg.wasm")?,
    };
    write(&folder.join("engines.json"), serde_json::to_vec_pretty(&engines)?)
}

fn asset(folder: &Path, file: &str) -> Result<Asset> {
    let bytes = read(&folder.join(file))?;
    Ok(Asset { file: file.into(), bytes: bytes.len() as u64, sha256: sha256(&bytes) })
}
