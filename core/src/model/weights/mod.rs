//! A model file: one safetensors file whose metadata holds the [`Card`].
//!
//! Tensor names are torchvision's. Large tensors may be f16 or i8; in memory all are f32. An i8
//! tensor `NAME` comes with `NAME.scale`, f32, one for each output channel, by which its numbers are
//! multiplied. The only metadata entry is [`METADATA_KEY`]: the card as JSON with the format's
//! version and, in files that are not older than it, a checksum of all.

mod checksum;
mod fold;
mod mean;
mod read;
mod write;

use std::collections::BTreeMap;

use crate::model::card::{Card, CardError};

pub use crate::model::card::METADATA_KEY;
pub use fold::{AffineConv, NORM_EPSILON};
pub use write::Precision;

/// Newest version of the format. A file is written as the oldest version whose programs read it right: 3
/// if its network blurs (those before would use strides), 2 if it has 8-bit tensors, and otherwise 1.
pub const FORMAT_VERSION: u32 = 3;

/// Name of the tensor that holds the scales of the i8 tensor `name`.
fn scale_name(name: &str) -> String {
    format!("{name}.scale")
}

/// One tensor in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// Values, row by row.
    pub values: Vec<f32>,
}

impl Array {
    /// Number of values that belong to one output channel.
    fn channel_len(&self) -> usize {
        self.shape.iter().skip(1).product::<usize>().max(1)
    }
}

/// A whole model in memory: its card and exactly the tensors that its architecture names.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    card: Card,
    tensors: BTreeMap<String, Array>,
}

/// Why a file is not a usable model.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Not safetensors, cut short, or damaged.
    #[error(
        "this is not a complete safetensors file ({0}). Is it the file that was meant, and was its download complete?"
    )]
    NotSafetensors(String),
    /// Bits have changed since it was written.
    #[error("the model file is damaged: its checksum does not fit. Copy or download it again")]
    Damaged,
    /// Safetensors, but of another program.
    #[error(
        "this safetensors file holds no Robust Reps model: its metadata has no \"{METADATA_KEY}\" entry. \
         A PyTorch checkpoint is converted with `robust-reps import`"
    )]
    Foreign,
    /// Written by a newer program.
    #[error(
        "this model file has format version {0}; this program reads up to {FORMAT_VERSION}. A newer program is needed"
    )]
    Newer(u32),
    /// The metadata is not a card.
    #[error("the model's description cannot be read: {0}")]
    BadCard(String),
    /// The card contradicts itself.
    #[error("the model's description is wrong: {0}")]
    Card(#[from] CardError),
    /// The architecture names a tensor that the file lacks.
    #[error("the tensor \"{0}\" is missing, though the architecture needs it")]
    Missing(String),
    /// The file holds a tensor that the architecture does not name.
    #[error("the tensor \"{0}\" belongs to no layer of the architecture")]
    Unexpected(String),
    /// A tensor has the wrong shape.
    #[error("the tensor \"{name}\" has shape {found:?}; the architecture needs {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that the architecture gives it.
        expected: Vec<usize>,
    },
    /// A tensor is neither f32 nor f16 nor i8.
    #[error("the tensor \"{name}\" is {found}; only F32, F16 and I8 are read")]
    Dtype {
        /// Its name.
        name: String,
        /// Its type in the file.
        found: String,
    },
    /// A value that no network can compute with.
    #[error(
        "the tensor \"{0}\" holds a value that is not finite, or a negative variance: the weights are damaged or the training diverged"
    )]
    NotFinite(String),
    /// Networks of which there is no mean.
    #[error("\"{name}\" has another {what} than the first network: only like ones have a mean")]
    Unlike {
        /// Name of the other network.
        name: String,
        /// What differs.
        what: &'static str,
    },
}

impl Weights {
    /// Puts a card and tensors together.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] where the card contradicts itself, a tensor is missing, unexpected, of a
    /// wrong shape, or holds a value that is not finite.
    pub fn new(card: Card, tensors: BTreeMap<String, Array>) -> Result<Self, WeightsError> {
        card.check()?;
        let expected: BTreeMap<_, _> = card.architecture.tensors().into_iter().collect();
        if let Some(name) = tensors.keys().find(|name| !expected.contains_key(*name)) {
            return Err(WeightsError::Unexpected(name.clone()));
        }
        for (name, shape) in expected {
            let Some(array) = tensors.get(&name) else {
                return Err(WeightsError::Missing(name));
            };
            if array.shape != shape || array.values.len() != shape.iter().product::<usize>() {
                let found = array.shape.clone();
                return Err(WeightsError::Shape { name, found, expected: shape });
            }
            let variance = name.ends_with("running_var");
            if array.values.iter().any(|v| !v.is_finite() || (variance && *v < 0.0)) {
                return Err(WeightsError::NotFinite(name));
            }
        }
        Ok(Self { card, tensors })
    }

    /// What the file says about itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Name and content of every tensor, in order of name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.tensors.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// One tensor. Every name that the architecture gives is there: `new` has checked it.
    pub(crate) fn values(&self, name: &str) -> &[f32] {
        self.tensors.get(name).map_or(&[], |array| &array.values)
    }
}

#[cfg(test)]
mod tests;
