//! Reading and writing files with errors that name them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::Device;
use robust_core::engine::Model;
use robust_core::image::photo::Photo;
use robust_core::model::weights::Weights;
use sha2::{Digest, Sha256};

/// The whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes beside the destination and renames: an interrupted or failed write leaves what was
/// there before.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let partial = path.with_file_name(format!(".{name}.partial"));
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, path))
        .inspect_err(|_| drop(fs::remove_file(&partial)))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// A model file's weights.
pub fn read_weights(path: &Path) -> Result<Weights> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let hint = match ending.as_deref() {
        Some("pt" | "pth" | "ckpt") => " (`import` makes a model file of a PyTorch checkpoint)",
        _ => "",
    };
    Weights::from_bytes(&read(path)?)
        .with_context(|| format!("cannot use {}{hint}", path.display()))
}

/// A model file on a device.
pub fn read_model(path: &Path, device: &Device) -> Result<Model> {
    Ok(Model::new(&read_weights(path)?, device))
}

/// A photo, laid over white where it is transparent.
pub fn read_photo(path: &Path) -> Result<Photo> {
    Photo::decode(&read(path)?, [255; 3]).with_context(|| format!("cannot use {}", path.display()))
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
