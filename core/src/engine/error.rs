//! Why a task cannot be done.

use burn::tensor::{ExecutionError, TensorData};

use crate::image::Pixels;

/// Why a task cannot be done: its inputs do not belong together, or the device failed.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A batch of nothing.
    #[error("there is no image to compute with")]
    NoImage,
    /// Images of a batch whose sides differ, in pixels.
    #[error("images of {0} and of {1} pixels cannot be one batch: they must all have one size")]
    Sizes(usize, usize),
    /// Every image of a batch takes one of something, and there are more or fewer.
    #[error("{images} image(s) take as many {what}, not {found}")]
    Counts {
        /// What each image takes one of.
        what: &'static str,
        /// How many images there are.
        images: usize,
        /// How many there are for them.
        found: usize,
    },
    /// A part of an image that belongs to one of another size.
    #[error("the part that may change has {found} pixels, and the image has {wanted}")]
    Region {
        /// Pixels of the part's image.
        found: usize,
        /// Pixels of the image.
        wanted: usize,
    },
    /// A path with fewer than two photos.
    #[error("a path joins at least two photos")]
    Stops,
    /// Nothing that could be added.
    #[error("there is no feature to add: choose at least one")]
    NoCoordinate,
    /// A collision without the photo to collide with.
    #[error("a collision takes another photo")]
    NoOther,
    /// A class that the network does not have.
    #[error("the network has {classes} classes, numbered from 0: there is no class {asked}")]
    NoClass {
        /// Its number.
        asked: usize,
        /// How many the network has.
        classes: usize,
    },
    /// Less came back from the device than was asked for.
    #[error("the device returned less than was asked for: try again, or compute on the processor")]
    NoResult,
    /// Infinite values, or NaN.
    #[error(
        "what the network computed is not finite: its weights are damaged, or its training diverged"
    )]
    NotFinite,
    /// The device failed: a lost graphics card, or no memory.
    #[error("the device failed: {0:?}")]
    Device(ExecutionError),
}

impl From<ExecutionError> for TaskError {
    fn from(error: ExecutionError) -> Self {
        TaskError::Device(error)
    }
}

/// The values, unless one of them is no result: then nothing that was made of it is one either.
///
/// # Errors
///
/// [`TaskError::NotFinite`].
pub fn finite(values: Vec<f32>) -> Result<Vec<f32>, TaskError> {
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(TaskError::NotFinite)
    }
}

/// The next of several results that were read together.
///
/// # Errors
///
/// [`TaskError::NoResult`] where there is none, and [`TaskError::NotFinite`].
pub(crate) fn next_floats(
    data: &mut impl Iterator<Item = TensorData>,
) -> Result<Vec<f32>, TaskError> {
    finite(data.next().ok_or(TaskError::NoResult)?.iter().collect())
}

/// An error unless each image has one of `found` things.
pub(crate) fn one_each(
    images: &[Pixels],
    what: &'static str,
    found: usize,
) -> Result<(), TaskError> {
    let images = images.len();
    if images == found { Ok(()) } else { Err(TaskError::Counts { what, images, found }) }
}

/// An error unless a part of an image belongs to one of `wanted` pixels.
pub(crate) fn as_large(region: &[bool], wanted: usize) -> Result<(), TaskError> {
    let found = region.len();
    if found == wanted { Ok(()) } else { Err(TaskError::Region { found, wanted }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_is_missing_is_an_error() {
        let mut data = [TensorData::from([1.0f32, 2.0]), TensorData::from([f32::NAN])].into_iter();
        assert_eq!(next_floats(&mut data).unwrap(), [1.0, 2.0]);
        assert!(matches!(next_floats(&mut data), Err(TaskError::NotFinite)));
        assert!(matches!(next_floats(&mut data), Err(TaskError::NoResult)));
    }
}
