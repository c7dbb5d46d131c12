//! Images with labels: where they lie, and how they become batches.

mod augment;
mod batches;
mod cifar;
mod classmap;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use image::RgbImage;
use rayon::prelude::*;

pub use augment::Augment;
pub use batches::{Batch, Batches, Order, planes};
pub use cifar::is_class as is_cifar10_class;
pub use classmap::ClassMap;

use source::{File, list};

/// A set of images, decoded, with their labels.
pub struct Dataset {
    /// Names of the classes, in the order of their labels.
    pub classes: Vec<String>,
    images: Vec<RgbImage>,
    labels: Vec<usize>,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Folders of class folders, zip files of the same, or CIFAR-10's binary files.
    pub paths: &'a [PathBuf],
    /// Side of the square that images are brought to, in pixels.
    pub size: usize,
    /// Joins ImageNet's classes to fewer.
    pub map: Option<ClassMap>,
    /// The classes that must come out, where another set has fixed them.
    pub classes: Option<&'a [String]>,
}

impl Dataset {
    /// Lists, reads and decodes all images, on all cores. An image that cannot be read is named on
    /// standard error and left out.
    ///
    /// # Errors
    ///
    /// Where nothing is found, a class is empty, or the classes are not those of the request.
    pub fn read(request: &Request<'_>) -> Result<Self> {
        let mut files = Vec::new();
        for path in request.paths {
            files.extend(list(path)?);
        }
        if let Some(map) = request.map {
            files.retain_mut(|file| match map.class_of(&file.class) {
                Some(class) => {
                    file.class = class.into();
                    true
                }
                None => false,
            });
        }
        let named: Vec<String> = request.paths.iter().map(|p| p.display().to_string()).collect();
        let named = named.join(", ");
        if files.is_empty() {
            bail!(
                "{named}: no images found. Expected CLASS/image.jpg in a folder or zip file, or \
                 CIFAR-10's data_batch_*.bin"
            );
        }
        let classes = classes(&files, request.classes, &named)?;
        let size = request.size as u32;
        let decoded: Vec<Result<RgbImage>> =
            files.par_iter().map(|file| file.decode(size)).collect();
        let mut set = Self { classes, images: Vec::new(), labels: Vec::new() };
        let mut skipped = 0;
        for (file, image) in files.iter().zip(decoded) {
            match image {
                Ok(image) => {
                    let label = set.classes.iter().position(|class| *class == file.class);
                    set.labels.push(label.unwrap_or_default());
                    set.images.push(image);
                }
                Err(error) => {
                    skipped += 1;
                    if skipped <= 20 {
                        eprintln!("left out {}: {error:#}", file.name());
                    }
                }
            }
        }
        if skipped > 0 {
            eprintln!("{skipped} of {} images could not be read and were left out.", files.len());
        }
        set.check(&named)?;
        Ok(set)
    }

    /// A made-up set of noise for measuring speed.
    pub fn painted(images: usize, size: usize) -> Self {
        let side = size as u32;
        let image = |i: u32| {
            RgbImage::from_fn(side, side, |x, y| {
                let value = (x * 31 + y * 17 + i * 101).wrapping_mul(2_654_435_761);
                image::Rgb([(value >> 24) as u8, (value >> 16) as u8, (value >> 8) as u8])
            })
        };
        Self {
            classes: (0..9).map(|class| format!("class {class}")).collect(),
            images: (0..images as u32).map(image).collect(),
            labels: (0..images).map(|i| i % 9).collect(),
        }
    }

    fn check(&self, named: &str) -> Result<()> {
        for (label, class) in self.classes.iter().enumerate() {
            if !self.labels.contains(&label) {
                bail!("{named}: the class \"{class}\" has no readable image");
            }
        }
        Ok(())
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// The label of each image.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// One image.
    pub fn image(&self, index: usize) -> &RgbImage {
        &self.images[index]
    }

    /// How many images each class has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &label in &self.labels {
            counts[label] += 1;
        }
        counts
    }

    /// Mean and standard deviation of each channel, in [0, 1].
    pub fn normaliser(&self) -> ([f32; 3], [f32; 3]) {
        let sums: Vec<[f64; 6]> = self
            .images
            .par_iter()
            .map(|image| {
                let mut sums = [0.0; 6];
                for pixel in image.pixels() {
                    for (c, &value) in pixel.0.iter().enumerate() {
                        let value = f64::from(value) / 255.0;
                        sums[c] += value;
                        sums[c + 3] += value * value;
                    }
                }
                let pixels = f64::from(image.width() * image.height());
                sums.map(|sum| sum / pixels)
            })
            .collect();
        // Added up in order, whatever the number of cores: the same bits every time.
        let total = sums.iter().fold([0.0; 6], |total: [f64; 6], sums| {
            std::array::from_fn(|i| total[i] + sums[i] / self.len() as f64)
        });
        let mean: [f32; 3] = std::array::from_fn(|c| total[c] as f32);
        let deviation = |c: usize| (total[c + 3] - total[c] * total[c]).max(1e-6).sqrt() as f32;
        (mean, std::array::from_fn(deviation))
    }
}

/// The classes in alphabetical order, or the given ones, which must then be the same.
fn classes(files: &[File], given: Option<&[String]>, named: &str) -> Result<Vec<String>> {
    let found: BTreeMap<&str, ()> = files.iter().map(|file| (&*file.class, ())).collect();
    let found: Vec<String> = found.into_keys().map(str::to_owned).collect();
    let Some(given) = given else { return Ok(found) };
    if let Some(unknown) = found.iter().find(|class| !given.contains(class)) {
        bail!("{named}: the class \"{unknown}\" is not one of {}", given.join(", "));
    }
    if let Some(missing) = given.iter().find(|class| !found.contains(class)) {
        bail!("{named}: the class \"{missing}\" is missing");
    }
    Ok(given.to_vec())
}
