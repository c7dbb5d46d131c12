//! What a set of images is read from, and as what.

use std::path::PathBuf;

use robust_core::model::card::Card;

use super::{ClassMap, Side};

/// Memory for decoded images unless another limit is asked for, in bytes.
pub const MEMORY: u64 = 4_000_000_000;

/// What to read.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Folders of class folders, zip files of the same, or CIFAR-10's binary files.
    pub paths: &'a [PathBuf],
    /// The square that images are brought to.
    pub side: Side,
    /// Lists of images that are left out.
    pub leave_out: &'a [PathBuf],
    /// Joins ImageNet's classes to fewer.
    pub map: Option<ClassMap>,
    /// The classes that must come out, where another set has fixed them.
    pub classes: Option<&'a [String]>,
    /// Bytes that decoded images may take; a larger set is decoded image by image as it is drawn.
    pub memory: u64,
}

impl<'a> Request<'a> {
    /// Images as this network takes them, of its classes.
    pub fn of_network(card: &'a Card, paths: &'a [PathBuf]) -> Self {
        Self {
            paths,
            side: Side::Exactly(card.input_size),
            leave_out: &[],
            map: None,
            classes: Some(&card.classes),
            memory: MEMORY,
        }
    }
}
