//! `robust-reps visualise`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use robust_core::features::{add, add_settings, magnify, visualise_settings};
use robust_core::pgd::noise;
use robust_core::photo::to_png;
use robust_core::pixels::Pixels;
use robust_core::settings::Crop;

use crate::backend::Backend;
use crate::files;

/// What to show.
#[derive(clap::Args)]
pub struct Args {
    /// Model file
    model: PathBuf,
    /// Coordinates of the representation
    #[arg(long, value_delimiter = ',', required = true)]
    features: Vec<usize>,
    /// Folder for the images
    #[arg(long)]
    out: PathBuf,
    /// Start from this photo [default: noise]
    #[arg(long)]
    photo: Option<PathBuf>,
    /// Add one feature to the photo little by little, equation (7), and save so many stages of it
    #[arg(long, requires = "photo")]
    add: Option<usize>,
    /// Steps [default: the authors']
    #[arg(long)]
    steps: Option<usize>,
    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What computes
    #[arg(long, default_value = "cpu")]
    backend: Backend,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = files::read_model(&args.model, &args.backend.device())?;
    let size = model.card().input_size;
    let k = model.card().architecture.representation_len();
    if let Some(feature) = args.features.iter().find(|feature| **feature >= k) {
        bail!("the representation has coordinates 0 to {}, not {feature}", k - 1);
    }
    let photo = match &args.photo {
        Some(path) => Some(files::read_photo(path)?.square(Crop::Centre, size)),
        None => None,
    };
    let device = |error| anyhow!("the device failed: {error:?}");
    if let (Some(stages), Some(photo)) = (args.add, &photo) {
        let stages = stages.max(1);
        for &feature in &args.features {
            let mut settings = add_settings(size);
            settings.steps = args.steps.unwrap_or(settings.steps);
            let mut pgd = add(&model, photo, feature, settings);
            for stage in 0..=stages {
                while pgd.steps_done() < settings.steps * stage / stages {
                    pgd.step();
                }
                let report = pollster::block_on(pgd.report()).map_err(device)?;
                let image = report.images.first().context("the device returned no image")?;
                let name = format!("added-{feature}-{stage:02}.png");
                files::write(&args.out.join(name), &to_png(image)?)?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let start = |i: usize| photo.clone().unwrap_or_else(|| noise(size, args.seed, i as u64));
    let starts: Vec<Pixels> = (0..args.features.len()).map(start).collect();
    let mut settings = visualise_settings(size);
    settings.steps = args.steps.unwrap_or(settings.steps);
    let mut pgd = magnify(&model, &starts, &args.features, settings)
        .context("there is nothing to visualise")?;
    pgd.finish();
    let report = pollster::block_on(pgd.report()).map_err(device)?;
    for (i, (feature, image)) in args.features.iter().zip(&report.images).enumerate() {
        let path = args.out.join(format!("feature-{feature}.png"));
        files::write(&path, &to_png(image)?)?;
        println!("{}: activation {:.2}", path.display(), report.latest()[i]);
    }
    Ok(ExitCode::SUCCESS)
}
