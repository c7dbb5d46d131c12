//! `robust-reps super-resolve`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use robust_core::image::Pixels;
use robust_core::settings::Crop;
use robust_core::settings::paint::Making;

use super::make::{self, Make};
use crate::commands::arguments::ModelFile;
use crate::files;

/// Which photos to sharpen.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Small or blurred photos; the largest square in the middle of each is used
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    /// Make the photos this many times smaller first, to see what comes back
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    shrink: u16,
    /// What they show [default: what the network sees in each]
    #[arg(long)]
    class: Option<String>,
    #[command(flatten)]
    make: Make,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.make.model(&args.model.path)?;
    let size = model.card().input_size;
    let small = size / usize::from(args.shrink);
    ensure!(small > 0, "--shrink {} leaves nothing of {size} pixels", args.shrink);
    let enlarged = |path: &PathBuf| -> Result<Pixels> {
        let photo = files::read_photo(path)?;
        let (width, height) = photo.dimensions();
        let side = (width.min(height) as usize).min(small);
        Ok(photo.square(Crop::Centre, side).enlarged(size))
    };
    let starts = args.photos.iter().map(enlarged).collect::<Result<Vec<Pixels>>>()?;
    let classes = make::classes(&model, &starts, args.class.as_deref())?;
    let names = files::unique_names(&args.photos);
    args.make.towards(&model, Making::SuperResolve, &starts, &classes, &names)?;
    Ok(ExitCode::SUCCESS)
}
