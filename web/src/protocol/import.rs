//! What the page and the importer say to each other.

use robust_core::model::architecture::Stem;
use robust_core::model::card::Role;
use serde::{Deserialize, Serialize};

/// What a visitor says of a file that is to become a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportRequest {
    /// The file's name.
    pub file: String,
    /// What the network is to be called.
    pub name: String,
    /// SHA-256 that the file must have, in hexadecimal.
    pub sha256: Option<String>,
    /// Names of the classes, or one of a data set; empty where nothing is said.
    pub classes: Vec<String>,
    /// Name of the data set whose normaliser it has, or [`NO_NORMALISER`].
    pub normaliser: Option<String>,
    /// Layers before the first block.
    pub stem: Option<Stem>,
    /// Side of the images it was trained on, in pixels.
    pub input_size: Option<usize>,
    /// Whether it was trained against an adversary.
    pub role: Option<Role>,
    /// What the names of the wanted network's tensors begin with.
    pub network: Option<String>,
}

/// Says that images in [0, 1] go in as they are.
pub const NO_NORMALISER: &str = "none";

/// A file that has become a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// What it is called.
    pub name: String,
    /// Whether it was trained against an adversary.
    pub role: Role,
    /// What was assumed, for people.
    pub notes: Vec<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// Why a file has not become a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Why, for people.
    pub message: String,
    /// What the visitor can say to change that.
    pub open: Option<Open>,
}

/// What a file leaves open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Open {
    /// Layers before the first block.
    Stem,
    /// What images are normalised by.
    Normaliser,
    /// Which of its networks is meant: what their tensors' names begin with.
    Network(Vec<String>),
}
