//! Where a set's images are until a batch needs them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use anyhow::Result;
use image::RgbImage;
use rayon::prelude::*;

use super::Side;
use super::source::File;

/// Most images that are named one by one when they cannot be read.
const NAMED: usize = 20;

/// Images that are decoded at most to see how much memory all would take.
const WEIGHED: usize = 256;

/// The images of a set.
pub enum Images {
    /// All of them decoded: the fastest, where memory allows it.
    Decoded(Vec<RgbImage>),
    /// Decoded again whenever one is drawn.
    Files {
        files: Vec<File>,
        /// What they are brought to.
        side: Side,
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

    /// One of them.
    pub fn one(&self) -> Option<String> {
        self.names.lock().ok()?.first().cloned()
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
    pub fn decode(files: &[File], side: Side) -> (Vec<RgbImage>, Vec<usize>, Skipped) {
        let skipped = Skipped::default();
        let decoded: Vec<Result<RgbImage>> =
            files.par_iter().map(|file| file.decode(side)).collect();
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

    /// Bytes that all files will take once they are decoded, by what some at equal distances take.
    pub fn expected_bytes(files: &[File], side: Side) -> u64 {
        let apart = files.len().div_ceil(WEIGHED).max(1);
        let weighed: Vec<u64> = files
            .par_iter()
            .step_by(apart)
            .filter_map(|file| file.decode(side).ok())
            .map(|image| image.as_raw().len() as u64)
            .collect();
        weighed.iter().sum::<u64>() * files.len() as u64 / weighed.len().max(1) as u64
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
            Self::Files { files, side, .. } => files[index].decode(*side).is_ok(),
        }
    }

    /// One image. Where it cannot be read, the next one of its class that can: what stands in does
    /// not depend on chance, so that a run can go on anywhere. Black where none is left, which
    /// [`Skipped::lost`] tells of.
    pub fn get(&self, index: usize) -> Cow<'_, RgbImage> {
        match self {
            Self::Decoded(images) => Cow::Borrowed(&images[index]),
            Self::Files { files, side, skipped } => {
                let same = |file: &&File| file.class == files[index].class;
                let others = files[index..].iter().chain(&files[..index]).filter(same);
                for file in others {
                    match file.decode(*side) {
                        Ok(image) => return Cow::Owned(image),
                        Err(error) => skipped.add(file, &error),
                    }
                }
                skipped.lost.get_or_init(|| files[index].class.clone());
                Cow::Owned(RgbImage::new(side.longest(), side.longest()))
            }
        }
    }
}
