//! What a model file says about itself.

use serde::{Deserialize, Serialize};

use crate::model::architecture::{Block, ResNetConfig};

/// Name of a model file's metadata entry that holds the card.
pub const METADATA_KEY: &str = "robust-reps";

/// How a network was trained, which decides what its representation looks like to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Role {
    /// Trained against an adversary, equation (3).
    Robust,
    /// Trained the same way without one.
    Standard,
}

/// Everything that a model needs to run and a reader wants to know, kept as metadata in the file.
/// Every field is always written: the page gets it in a format in which none can be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Name people use for it.
    pub name: String,
    /// Robust or standard.
    pub role: Role,
    /// Shape of the network.
    pub architecture: ResNetConfig,
    /// One name a logit, in order.
    pub classes: Vec<String>,
    /// Normaliser: mean of each channel, in [0, 1].
    pub mean: [f32; 3],
    /// Normaliser: standard deviation of each channel.
    pub std: [f32; 3],
    /// Side of the square images it was trained on, in pixels. Any size runs.
    pub input_size: usize,
    /// How it was trained, if known.
    #[serde(default)]
    pub training: Option<Training>,
    /// Accuracies measured on held-out images.
    #[serde(default)]
    pub accuracies: Vec<Accuracy>,
    /// Where the weights come from.
    pub provenance: Provenance,
}

/// A training recipe, in words and numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Data set.
    pub data: String,
    /// Adversary: constraint, epsilon, steps; or that there was none.
    pub adversary: String,
    /// Optimiser, schedule, augmentation.
    pub recipe: String,
    /// Hardware and time.
    #[serde(default)]
    pub cost: String,
}

/// One measured accuracy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// What was measured on what, such as "clean, 512 validation images".
    pub on: String,
    /// Share of images classified correctly, in [0, 1].
    pub value: f32,
}

/// Where weights come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// File or run they were made from.
    pub source: String,
    /// SHA-256 of that file, in hexadecimal.
    #[serde(default)]
    pub source_sha256: String,
    /// Program that wrote this file.
    pub written_by: String,
    /// Licence of the weights.
    #[serde(default)]
    pub licence: String,
}

/// Why a card cannot describe a model.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum CardError {
    /// The network would have no layers, or absurdly many.
    #[error("the architecture is not a network: {0}")]
    Architecture(&'static str),
    /// Number of class names and number of logits differ.
    #[error("{names} class names for {logits} logits")]
    Classes {
        /// Number of names.
        names: usize,
        /// Number of logits.
        logits: usize,
    },
    /// Dividing by the normaliser would not give finite numbers.
    #[error("the normaliser is not usable: mean {mean:?}, std {std:?} (std must be above 0)")]
    Normaliser {
        /// Its means.
        mean: [f32; 3],
        /// Its standard deviations.
        std: [f32; 3],
    },
    /// No image has that size.
    #[error("an input size of {0} pixels is out of range (8 to 1024)")]
    InputSize(usize),
}

impl Card {
    /// The number of a class.
    ///
    /// # Errors
    ///
    /// Where there is none of this name, a message that lists those there are.
    pub fn class(&self, name: &str) -> Result<usize, String> {
        let found = self.classes.iter().position(|class| class == name);
        found.ok_or_else(|| {
            format!("\"{name}\" is none of the model's classes: {}", self.classes.join(", "))
        })
    }

    /// Checks that the card describes a model that can be built and run.
    ///
    /// # Errors
    ///
    /// [`CardError`] says which field is wrong.
    pub fn check(&self) -> Result<(), CardError> {
        let net = &self.architecture;
        let sizes = || net.blocks.iter().chain(&net.widths).chain([&net.classes, &net.widening]);
        if net.blocks.is_empty() || net.blocks.len() > 8 || net.blocks.len() != net.widths.len() {
            return Err(CardError::Architecture(
                "it needs one width and block count a stage, 1 to 8",
            ));
        }
        // A bound on every number keeps a hostile file from asking for all memory.
        if sizes().any(|&n| n == 0 || n > 4096) || net.blocks.iter().any(|&n| n > 64) {
            return Err(CardError::Architecture(
                "a block count, width or class count is out of range",
            ));
        }
        if net.widening > 1 && (net.block == Block::Basic || net.widening > 16) {
            return Err(CardError::Architecture(
                "only bottlenecks are wider inside, up to 16 times",
            ));
        }
        if let Some(fault) = net.order.fault(net.block, net.stem) {
            return Err(CardError::Architecture(fault));
        }
        if net.blurs() && net.family().normalises_first {
            return Err(CardError::Architecture(
                "only networks that normalise after their convolutions can have blurred downsampling: it must be strided",
            ));
        }
        if self.classes.len() != net.classes {
            return Err(CardError::Classes { names: self.classes.len(), logits: net.classes });
        }
        let usable = self.mean.iter().all(|m| m.is_finite())
            && self.std.iter().all(|s| s.is_finite() && *s > 1e-6);
        if !usable {
            return Err(CardError::Normaliser { mean: self.mean, std: self.std });
        }
        if !(8..=1024).contains(&self.input_size) {
            return Err(CardError::InputSize(self.input_size));
        }
        Ok(())
    }
}
