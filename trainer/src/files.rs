//! Reading and writing files with errors that name them.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor};
use robust_core::engine::Model;
use robust_core::engine::network::LastRelu;
use robust_core::engine::solve::pgd::noise;
use robust_core::image::Pixels;
use robust_core::image::photo::Photo;
use robust_core::model::weights::Weights;
use robust_core::settings::Crop;
use sha2::{Digest, Sha256};

/// The whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file as a whole: an interrupted or failed write leaves what was there before. A link
/// stays a link and a file keeps its mode; devices and pipes take the bytes as they come.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    replace(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.{}.partial", process::id()));
    let write = || {
        let mut file = File::create(&partial)?;
        if let Some(there) = &there {
            file.set_permissions(there.permissions())?;
        }
        file.write_all(bytes)?;
        // A power cut must not leave a name without its content.
        file.sync_all()?;
        fs::rename(&partial, &path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&partial)))
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
    usable(Model::new(&read_weights(path)?, device), path)
}

/// The model, once it has shown that what it computes of noise is finite: weights can be so large
/// that nothing is, and everything after would be wrong without a word.
pub fn usable(model: Model, path: &Path) -> Result<Model> {
    let image = noise(model.card().input_size, 0, 0);
    let batch = model.batch(&[image])?;
    let output = model.forward(batch, LastRelu::True);
    let values = Tensor::cat(vec![output.representation, output.logits], 1).into_data();
    if !values.iter::<f32>().all(f32::is_finite) {
        bail!(
            "{} computes numbers that are not finite: its weights are damaged, or its training \
             diverged",
            path.display()
        );
    }
    Ok(model)
}

/// A photo, laid over white where it is transparent.
pub fn read_photo(path: &Path) -> Result<Photo> {
    Photo::decode(&read(path)?, [255; 3]).with_context(|| format!("cannot use {}", path.display()))
}

/// The largest square in the middle of a photo, as a network of this input size sees it.
pub fn read_square(path: &Path, size: usize) -> Result<Pixels> {
    Ok(read_photo(path)?.square(Crop::Centre, size))
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// SHA-256 in hexadecimal of all that a reader gives, of which only a piece at a time is in memory.
pub fn sha256_of(reader: &mut impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(reader, &mut hash)?;
    Ok(hexadecimal(&hash.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// File names without their ending, told apart by a number where two photos share one.
pub fn unique_names(photos: &[PathBuf]) -> Vec<String> {
    let mut taken = HashSet::new();
    let unique = |photo: &PathBuf| {
        let stem = photo.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let candidates = (2..).map(|n| format!("{stem}-{n}"));
        let name = std::iter::once(stem.clone()).chain(candidates).find(|n| !taken.contains(n));
        let name = name.unwrap_or(stem);
        taken.insert(name.clone());
        name
    };
    photos.iter().map(unique).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_of_the_same_name_do_not_overwrite_each_other() {
        let photos = ["a/cat.jpg", "b/cat.png", "cat-2.jpg"].map(PathBuf::from);
        assert_eq!(unique_names(&photos), ["cat", "cat-2", "cat-2-2"]);
    }
}
