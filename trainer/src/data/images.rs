//! Where a set's images are until a batch needs them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use anyhow::Result;
use image::RgbImage;
use rayon::prelude::*;

use super::source::File;

/// Most images that are named one by one when they cannot be read.
const NAMED: usize = 20;

/// The images of a set.
pub enum Images {
    /// All of them decoded: the fastest, where memory allows it.
    Decoded(Vec<RgbImage>),
    /// Decoded again whenever one is drawn.
    Files {
        files: Vec<File>,
        /// Side that they are brought to, in pixels.
        size: u32,
        skipped: Skipped,
    },
}

/// The names of what could not be read so far.
#[derive(Default)]
pub struct Skipped {
    names: Mutex<BTreeSet<String>>,
    /// A class of which nothing is left.
    lost: OnceLock<String>,
}

impl Skipped {
    /// Names an image on standard error, once.
    pub fn add(&self, file: &File, error: &anyhow::Error) {
        let Ok(mut names) = self.names.lock() else { return };
        if names.insert(file.name()) && names.len() <= NAMED {
            eprintln!("left out {}: {error:#}", file.name());
        }
    }

    /// The first class that was found to have no readable image any more.
    pub fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    /// How many images that were.
    pub fn count(&self) -> usize {
        self.names.lock().map_or(0, |names| names.len())
    }
}

impl Images {
    /// Decodes all files, on all cores: the readable ones, in order, with their indices.
    pub fn decode(files: &[File], size: u32) -> (Vec<RgbImage>, Vec<usize>, Skipped) {
        let skipped = Skipped::default();
        let decoded: Vec<Result<RgbImage>> =
            files.par_iter().map(|file| file.decode(size)).collect();
        let (mut images, mut indices) = (Vec::new(), Vec::new());
        for (index, image) in decoded.into_iter().enumerate() {
            match image {
                Ok(image) => {
                    images.push(image);
                    indices.push(index);
                }
                Err(error) => skipped.add(&files[index], &error),
            }
        }
        (images, indices, skipped)
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        match self {
            Self::Decoded(images) => images.len(),
            Self::Files { files, .. } => files.len(),
        }
    }

    /// Whether an image can be read.
    pub fn is_readable(&self, index: usize) -> bool {
        match self {
            Self::Decoded(_) => true,
            Self::Files { files, size, .. } => files[index].decode(*size).is_ok(),
        }
    }

    /// One image. Where it cannot be read, the next one of its class that can: what stands in does
    /// not depend on chance, so that a run can go on anywhere. Black where none is left, which
    /// [`Skipped::lost`] tells of.
    pub fn get(&self, index: usize) -> Cow<'_, RgbImage> {
        match self {
            Self::Decoded(images) => Cow::Borrowed(&images[index]),
            Self::Files { files, size, skipped } => {
                let same = |file: &&File| file.class == files[index].class;
                let others = files[index..].iter().chain(&files[..index]).filter(same);
                for file in others {
                    match file.decode(*size) {
                        Ok(image) => return Cow::Owned(image),
                        Err(error) => skipped.add(file, &error),
                    }
                }
                skipped.lost.get_or_init(|| files[index].class.clone());
                Cow::Owned(RgbImage::new(*size, *size))
            }
        }
    }
}
