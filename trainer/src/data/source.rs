//! Image files in folders, zip files and CIFAR-10's binary files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use image::RgbImage;
use robust_core::image::photo::Photo;
use robust_core::settings::Crop;

use super::archive::{Archive, Entry};
use super::{Side, cifar};

const ENDINGS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "JPEG"];

/// One image that has not been decoded.
pub struct File {
    /// Name of its class.
    pub class: String,
    place: Place,
}

enum Place {
    Disk(PathBuf),
    /// Read from the zip file when it is decoded.
    Zip {
        archive: Arc<Archive>,
        index: usize,
        length: u64,
    },
    Cifar {
        file: Arc<Vec<u8>>,
        name: String,
        index: usize,
    },
}

impl File {
    /// What to call it in a message.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Disk(path) => path.display().to_string(),
            Place::Zip { archive, index, .. } => archive.name(*index),
            Place::Cifar { name, index, .. } => format!("{name}, image {index}"),
        }
    }

    /// Its length in bytes; 0 where it cannot be asked for.
    pub fn length(&self) -> u64 {
        match &self.place {
            Place::Disk(path) => fs::metadata(path).map_or(0, |file| file.len()),
            Place::Zip { length, .. } => *length,
            Place::Cifar { file, .. } => file.len() as u64,
        }
    }

    /// Its class and file, as a list names it: `CLASS/image.jpg`.
    pub fn listed(&self) -> String {
        let name = self.name();
        let file = Path::new(&name).file_name().unwrap_or_default();
        format!("{}/{}", self.class, file.to_string_lossy())
    }

    /// The middle square, brought to `side`.
    pub fn decode(&self, side: Side) -> Result<RgbImage> {
        let photo = match &self.place {
            Place::Disk(path) => Photo::decode(&fs::read(path)?, [255; 3])?,
            Place::Zip { archive, index, length } => {
                Photo::decode(&archive.read(*index, *length)?, [255; 3])?
            }
            Place::Cifar { file, index, .. } => return cifar::decode(file, *index, side),
        };
        let (width, height) = photo.dimensions();
        let size = side.of(width.min(height));
        let rgb = photo.square(Crop::Centre, size as usize).to_rgb8();
        RgbImage::from_raw(size, size, rgb).context("an image of another size")
    }
}

/// All images below a path, in an order that does not depend on the machine.
pub fn list(path: &Path) -> Result<Vec<File>> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let mut files = match ending.as_deref() {
        _ if path.is_dir() => list_folder(path)?,
        Some("zip") => list_zip(path)?,
        Some("bin") => list_cifar(path)?,
        _ if !path.exists() => bail!("{} does not exist", path.display()),
        _ => bail!("{} is neither a folder, nor a .zip, nor a CIFAR-10 .bin", path.display()),
    };
    files.sort_by_cached_key(File::name);
    Ok(files)
}

fn is_image(name: &Path) -> bool {
    name.extension().is_some_and(|e| ENDINGS.iter().any(|ending| e.eq_ignore_ascii_case(ending)))
}

fn list_folder(root: &Path) -> Result<Vec<File>> {
    let cannot = || format!("cannot list {}", root.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(root).with_context(cannot)? {
        let folder = entry.with_context(cannot)?.path();
        if folder.extension().is_some_and(|e| e == "bin") {
            files.extend(list_cifar(&folder)?);
        }
        if !folder.is_dir() {
            continue;
        }
        let class = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {class}"))? {
            let path = entry?.path();
            if is_image(&path) {
                files.push(File { class: class.clone(), place: Place::Disk(path) });
            }
        }
    }
    Ok(files)
}

fn list_zip(path: &Path) -> Result<Vec<File>> {
    let class = |name: &Path| {
        let folder = name.parent().and_then(Path::file_name);
        folder.map(|folder| folder.to_string_lossy().into_owned())
    };
    let is_wanted = |name: &Path| is_image(name) && class(name).is_some();
    let (archive, entries) = Archive::open(path, is_wanted)?;
    let archive = Arc::new(archive);
    let file = |Entry { name, index, length }: Entry| {
        let place = Place::Zip { archive: archive.clone(), index, length };
        Some(File { class: class(&name)?, place })
    };
    Ok(entries.into_iter().filter_map(file).collect())
}

fn list_cifar(path: &Path) -> Result<Vec<File>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let labels = cifar::labels(&bytes).with_context(|| format!("{}", path.display()))?;
    let file = Arc::new(bytes);
    let name = path.display().to_string();
    let image = |(index, class): (usize, &str)| File {
        class: class.into(),
        place: Place::Cifar { file: file.clone(), name: name.clone(), index },
    };
    Ok(labels.into_iter().enumerate().map(image).collect())
}
