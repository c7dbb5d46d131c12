//! Arguments that many commands share, each declared once.

use std::path::PathBuf;

use anyhow::Result;
use robust_core::engine::Model;
use robust_core::model::weights::Weights;

use crate::backend::Backend;
use crate::files;

/// The model that a command is about.
#[derive(clap::Args)]
pub struct ModelFile {
    /// Model file
    #[arg(id = "model", value_name = "MODEL")]
    pub path: PathBuf,
}

/// What a command computes on.
#[derive(clap::Args)]
pub struct Computer {
    /// What to compute on
    #[arg(long, default_value = "cpu")]
    pub backend: Backend,
}

/// In which form results are printed.
#[derive(clap::Args)]
pub struct Form {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// The one file that a command writes.
#[derive(clap::Args)]
pub struct OutFile {
    /// File to write
    #[arg(id = "out", long = "out", value_name = "OUT")]
    pub path: PathBuf,
}

/// Where a command puts its images.
#[derive(clap::Args)]
pub struct OutFolder {
    /// Folder for the images
    #[arg(id = "out", long = "out", value_name = "OUT")]
    pub path: PathBuf,
}

impl ModelFile {
    /// The network on its device.
    ///
    /// # Errors
    ///
    /// Where there is no such device, or the file holds no model that can be used.
    pub fn on(&self, computer: &Computer) -> Result<Model> {
        files::read_model(&self.path, &computer.backend.device()?)
    }

    /// The weights as the file holds them.
    ///
    /// # Errors
    ///
    /// Where the file holds no model that can be used.
    pub fn weights(&self) -> Result<Weights> {
        files::read_weights(&self.path)
    }
}
