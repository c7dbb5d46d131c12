//! `robust-reps inpaint`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use robust_core::engine::tasks::paint::{greyed, inpaint};
use robust_core::image::Pixels;
use robust_core::settings::paint::Making;

use super::make::{self, Make};

use crate::commands::arguments::ModelFile;

/// Which photos to fill, and where.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Photos; the largest square in the middle of each is used
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    /// The part to fill: left,top,right,bottom as fractions of the side
    #[arg(long, value_delimiter = ',', default_value = "0.35,0.35,0.65,0.65")]
    hole: Vec<f32>,
    /// What the photos show [default: what the network sees in the rest of each]
    #[arg(long)]
    class: Option<String>,
    #[command(flatten)]
    make: Make,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.make.model(&args.model.path)?;
    let hole = make::region(&args.hole, model.card().input_size, "--hole")?;
    let (photos, names) = make::photos(&model, &args.photos)?;
    let starts: Vec<Pixels> =
        photos.iter().map(|photo| greyed(photo, &hole)).collect::<Result<_, _>>()?;
    let classes = make::classes(&model, &starts, args.class.as_deref())?;
    let settings = args.make.settings(&model, Making::Inpaint);
    for (i, photo) in photos.iter().enumerate() {
        let pgd = inpaint(&model, photo, &hole, classes[i], settings)?;
        args.make.run(&model, pgd, &starts[i..=i], &classes[i..=i], &names[i..=i])?;
    }
    Ok(ExitCode::SUCCESS)
}
