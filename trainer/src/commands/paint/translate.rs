//! `robust-reps translate`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use robust_core::settings::paint::Making;

use super::make::{self, Make};

use crate::commands::arguments::ModelFile;

/// Which photos, and what they are to become.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Photos of one class; the largest square in the middle of each is used
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    /// The other class
    #[arg(long)]
    class: String,
    #[command(flatten)]
    make: Make,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.make.model(&args.model.path)?;
    let (photos, names) = make::photos(&model, &args.photos)?;
    let classes = vec![make::class(&model, &args.class)?; photos.len()];
    args.make.towards(&model, Making::Translate, &photos, &classes, &names)?;
    Ok(ExitCode::SUCCESS)
}
