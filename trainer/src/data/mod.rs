//! Images with labels: where they lie, and how they become batches.

mod archive;
mod augment;
mod batches;
mod cifar;
mod classmap;
mod images;
mod leave_out;
mod request;
mod side;
mod source;

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use image::RgbImage;
use rayon::prelude::*;
use robust_core::image::Pixels;
use serde::{Deserialize, Serialize};

pub use augment::Augment;
pub use batches::{Batch, Batches, Order, planes};
pub use cifar::is_class as is_cifar10_class;
pub use classmap::ClassMap;
pub use request::Request;
pub use side::Side;

use images::{Images, Skipped};
use leave_out::leave_out;
use source::{File, list};

/// Images from which mean and deviation are taken at most, where each has to be decoded.
const SAMPLED: usize = 4096;

/// A set of images with their labels.
pub struct Dataset {
    /// Names of the classes, in the order of their labels.
    pub classes: Vec<String>,
    images: Images,
    labels: Vec<usize>,
    /// CRC-32 of the class and length of every file, in order.
    files: u32,
}

/// Largest share of images that may be unreadable: a few are a set's own fault, many the disk's.
const UNREADABLE: f64 = 0.1;

impl Dataset {
    /// Lists all images and, where memory allows it, decodes them on all cores. An image that cannot
    /// be read is named on standard error and left out.
    ///
    /// # Errors
    ///
    /// Where nothing is found, a class is empty, the classes are not those of the request, or a list of what to leave
    /// out names none of the images.
    pub fn read(request: &Request<'_>) -> Result<Self> {
        let mut files = Vec::new();
        for path in request.paths {
            files.extend(list(path)?);
        }
        leave_out(&mut files, request.leave_out)?;
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
        let label = |file: &File| {
            let known = classes.iter().position(|class| *class == file.class);
            known.with_context(|| format!("{}: no such class: {}", file.name(), file.class))
        };
        let labels = files.iter().map(label).collect::<Result<Vec<usize>>>()?;
        let sum = fingerprint(&files);
        let side = request.side;
        if Images::expected_bytes(&files, side) > request.memory {
            let skipped = Skipped::default();
            let images = Images::Files { files, side, skipped };
            let set = Self { classes, images, labels, files: sum };
            set.check(&named)?;
            return Ok(set);
        }
        let (images, readable, skipped) = Images::decode(&files, side);
        enough(&skipped, files.len())?;
        if skipped.count() > 0 {
            let (count, all) = (skipped.count(), files.len());
            eprintln!("{count} of {all} images could not be read and were left out.");
        }
        let labels = readable.into_iter().map(|index| labels[index]).collect();
        let set = Self { classes, images: Images::Decoded(images), labels, files: sum };
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
            images: Images::Decoded((0..images as u32).map(image).collect()),
            labels: (0..images).map(|i| i % 9).collect(),
            files: 0,
        }
    }

    fn check(&self, named: &str) -> Result<()> {
        for (label, class) in self.classes.iter().enumerate() {
            let mut of_class = (0..self.len()).filter(|&index| self.labels[index] == label);
            if !of_class.any(|index| self.images.is_readable(index)) {
                bail!("{named}: the class \"{class}\" has no readable image");
            }
        }
        Ok(())
    }

    /// With labels in the order of `classes`, where these are its own in another order.
    pub fn ordered_as(mut self, classes: &[String]) -> Self {
        let place = |class: &String| classes.iter().position(|other| other == class);
        let places: Option<Vec<usize>> = self.classes.iter().map(place).collect();
        if let Some(places) = places.filter(|places| places.len() == classes.len()) {
            self.labels.iter_mut().for_each(|label| *label = places[*label]);
            self.classes = classes.to_vec();
        }
        self
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
    pub fn image(&self, index: usize) -> Cow<'_, RgbImage> {
        self.images.get(index)
    }

    /// Some images as a network of their size sees them.
    ///
    /// # Errors
    ///
    /// Where they are of several sizes, and those of [`Dataset::check_readable`].
    pub fn pixels(&self, indices: &[usize]) -> Result<Vec<Pixels>> {
        let pixels = |&index: &usize| {
            let image = self.image(index);
            Pixels::from_rgb8(image.width() as usize, image.as_raw())
        };
        let all = indices.iter().map(pixels).collect::<Option<_>>();
        self.check_readable()?;
        all.context("an image that is not a square")
    }

    /// What to say of images that could not be read as they were drawn, if there were any.
    pub fn left_out(&self) -> Option<String> {
        let count = match &self.images {
            Images::Decoded(_) => 0,
            Images::Files { skipped, .. } => skipped.count(),
        };
        let sentence =
            format!("{count} images could not be read; others of their classes stood in for them.");
        (count > 0).then_some(sentence)
    }

    /// Checks that the images are still there.
    ///
    /// # Errors
    ///
    /// Where more than a tenth of them could not be read as they were drawn, or a whole class.
    pub fn check_readable(&self) -> Result<()> {
        let Images::Files { files, skipped, .. } = &self.images else { return Ok(()) };
        if let Some(class) = skipped.lost() {
            let one = skipped.one().unwrap_or_default();
            bail!("no image of the class \"{class}\" can be read any more: {one}, for example");
        }
        enough(skipped, files.len())
    }

    /// What tells this set from others, and from itself when files are missing or cut.
    pub fn fingerprint(&self) -> Fingerprint {
        let pixels = match &self.images {
            Images::Files { .. } => None,
            Images::Decoded(images) => {
                let mut sum = crc32fast::Hasher::new();
                images.iter().for_each(|image| sum.update(image.as_raw()));
                Some(sum.finalize())
            }
        };
        Fingerprint { images: self.len(), files: self.files, pixels }
    }

    /// Whether images are decoded as they are drawn.
    pub fn is_lazy(&self) -> bool {
        matches!(self.images, Images::Files { .. })
    }

    /// How many images each class has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &label in &self.labels {
            counts[label] += 1;
        }
        counts
    }

    /// Mean and standard deviation of each channel, in [0, 1]; of a set that is not decoded, those
    /// of some thousand images at equal distances.
    pub fn normaliser(&self) -> ([f32; 3], [f32; 3]) {
        let apart = if self.is_lazy() { self.len().div_ceil(SAMPLED) } else { 1 };
        let sampled: Vec<usize> = (0..self.len()).step_by(apart).collect();
        let sums: Vec<[f64; 6]> = sampled
            .par_iter()
            .map(|&index| {
                let image = self.image(index);
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
            std::array::from_fn(|i| total[i] + sums[i] / sampled.len() as f64)
        });
        let mean: [f32; 3] = std::array::from_fn(|c| total[c] as f32);
        let deviation = |c: usize| (total[c + 3] - total[c] * total[c]).max(1e-6).sqrt() as f32;
        (mean, std::array::from_fn(deviation))
    }
}

/// What a checkpoint remembers of the images that a run began with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    images: usize,
    files: u32,
    /// CRC-32 of all pixels, of a set that is decoded.
    pixels: Option<u32>,
}

impl Fingerprint {
    /// Whether both can be of the same images, as far as both know.
    pub fn fits(&self, other: &Self) -> bool {
        let unknown = self.pixels.is_none() || other.pixels.is_none();
        self.files == other.files && (unknown || self == other)
    }
}

fn fingerprint(files: &[File]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    for file in files {
        sum.update(file.class.as_bytes());
        sum.update(&file.length().to_le_bytes());
    }
    sum.finalize()
}

fn enough(skipped: &Skipped, all: usize) -> Result<()> {
    let unreadable = skipped.count();
    if unreadable as f64 > UNREADABLE * all as f64 {
        bail!(
            "{unreadable} of {all} images could not be read, {} for example: is the disk there, and \
             are the files whole? Remove them if they are damaged",
            skipped.one().unwrap_or_default()
        );
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::request::MEMORY;
    use super::*;

    #[test]
    fn small_images_stay_small_and_large_ones_become_as_large_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("cat")).unwrap();
        for (name, side) in [("a.png", 8), ("b.png", 16), ("c.png", 40)] {
            RgbImage::new(side, side).save(folder.path().join("cat").join(name)).unwrap();
        }
        let paths = [folder.path().to_path_buf()];
        let widths = |side, memory| {
            let request =
                Request { paths: &paths, side, leave_out: &[], map: None, classes: None, memory };
            let set = Dataset::read(&request).unwrap();
            let widths: Vec<u32> = (0..3).map(|index| set.image(index).width()).collect();
            (widths, set.is_lazy())
        };
        // What they take: 8, 16 and 24 pixels squared, of three bytes.
        let bytes = 3 * (64 + 256 + 576);
        assert_eq!(widths(Side::AtMost(24), bytes), (vec![8, 16, 24], false));
        assert_eq!(widths(Side::AtMost(24), bytes - 1), (vec![8, 16, 24], true));
        assert_eq!(widths(Side::Exactly(24), MEMORY), (vec![24; 3], false));
    }

    #[test]
    fn images_that_disappear_end_what_needs_them_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (class, name) in [("cat", "a.png"), ("cat", "b.png"), ("dog", "c.png")] {
            fs::create_dir_all(folder.path().join(class)).unwrap();
            RgbImage::new(8, 8).save(folder.path().join(class).join(name)).unwrap();
        }
        let paths = [folder.path().to_path_buf()];
        let (side, leave_out) = (Side::Exactly(8), &[][..]);
        let request =
            Request { paths: &paths, side, leave_out, map: None, classes: None, memory: 0 };
        let set = Dataset::read(&request).unwrap();
        assert_eq!(set.pixels(&[0, 2]).unwrap().len(), 2);
        fs::remove_file(folder.path().join("cat/a.png")).unwrap();
        // Another one stands in for it, which is too many of three.
        let error = set.pixels(&[0, 2]).unwrap_err().to_string();
        assert!(error.contains("1 of 3") && error.contains("a.png"), "{error}");
        fs::remove_file(folder.path().join("dog/c.png")).unwrap();
        let error = set.pixels(&[2]).unwrap_err().to_string();
        assert!(error.contains("the class \"dog\""), "{error}");
    }

    #[test]
    fn labels_follow_the_order_of_the_same_classes_only() {
        let set = || Dataset::painted(4, 8);
        let reversed: Vec<String> = set().classes.into_iter().rev().collect();
        let ordered = set().ordered_as(&reversed);
        assert_eq!((ordered.labels(), &ordered.classes), (&[8, 7, 6, 5][..], &reversed));

        let fewer = set().ordered_as(&reversed[1..]);
        assert_eq!((fewer.labels(), &fewer.classes), (&[0, 1, 2, 3][..], &set().classes));
    }
}
