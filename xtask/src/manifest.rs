//! Writes `engines.json`: what the page must know to download an engine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use robust_core::model::catalog::{Asset, Engines};
use sha2::{Digest, Sha256};

use crate::command::root;

/// Lists the engines in the folder that is being packaged (or in `dist`).
pub fn write() -> Result<()> {
    let folder = env::var_os("TRUNK_STAGING_DIR").map_or(root().join("dist"), PathBuf::from);
    let engines = Engines {
        webgpu: asset(&folder, "engine-webgpu_bg.wasm")?,
        cpu: asset(&folder, "engine-cpu_bg.wasm")?,
    };
    let path = folder.join("engines.json");
    fs::write(&path, serde_json::to_vec_pretty(&engines)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn asset(folder: &Path, file: &str) -> Result<Asset> {
    let path = folder.join(file);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Asset { file: file.into(), bytes: bytes.len() as u64, sha256 })
}
