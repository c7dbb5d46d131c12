//! What a page can download: `models/index.json` and `engines.json`.

use serde::{Deserialize, Serialize};

use crate::model::card::{Card, Role};

/// A file to download, with what shows its progress and proves that it arrived whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// File name, beside the index that lists it.
    pub file: String,
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
}

/// One model that can be downloaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// Name people use for it.
    pub name: String,
    /// Robust or standard.
    pub role: Role,
    /// Name of the model file, beside the index that lists it.
    pub file: String,
    /// Length of the model file.
    pub bytes: u64,
    /// SHA-256 of the model file in hexadecimal.
    pub sha256: String,
    /// Its atlas of features, `NAME.atlas.json`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atlas: Option<String>,
    /// The Gaussians of its classes, `NAME.gaussians.json`, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaussians: Option<String>,
    /// Photos above what the network kept of them, `NAME.examples.jpg`, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<String>,
    /// What its file says of it, so that people can read it before they download the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
}

impl CatalogEntry {
    /// The model file.
    pub fn asset(&self) -> Asset {
        Asset { file: self.file.clone(), bytes: self.bytes, sha256: self.sha256.clone() }
    }
}

/// The first model of a role.
pub fn first_of(catalog: &[CatalogEntry], role: Role) -> Option<&CatalogEntry> {
    catalog.iter().find(|entry| entry.role == role)
}

/// The two engines that a page can run, and what makes models of checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engines {
    /// On a graphics card.
    pub webgpu: Asset,
    /// On the processor.
    pub cpu: Asset,
    /// For visitors who bring a network.
    pub importer: Asset,
    /// What reads photos for the engines.
    pub reader: Asset,
}
