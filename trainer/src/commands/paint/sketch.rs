//! `robust-reps sketch`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use robust_core::settings::paint::Making;

use super::make::{self, Make};

use crate::commands::arguments::ModelFile;

/// Which drawings, and what they are to become.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Drawings; the largest square in the middle of each is used
    #[arg(required = true)]
    drawings: Vec<PathBuf>,
    /// What they are to become
    #[arg(long)]
    class: String,
    #[command(flatten)]
    make: Make,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.make.model(&args.model.path)?;
    let (drawings, names) = make::photos(&model, &args.drawings)?;
    let classes = vec![make::class(&model, &args.class)?; drawings.len()];
    args.make.towards(&model, Making::Sketch, &drawings, &classes, &names)?;
    Ok(ExitCode::SUCCESS)
}
