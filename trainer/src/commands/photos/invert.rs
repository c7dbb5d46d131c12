//! `robust-reps invert`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use robust_core::engine::Model;
use robust_core::engine::solve::Report;
use robust_core::engine::tasks::invert::{Quality, invert, relative_distances};
use robust_core::image::Pixels;
use robust_core::image::measure::matched;
use robust_core::image::photo::to_png;
use robust_core::settings::{InvertSettings, Start};
use serde::Serialize;

use crate::backend::wait;
use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::files;
use crate::progress::follow;

/// What to invert, and how.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Photos; the largest square in the middle of each is used
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    /// Folder for the results: NAME.inverted.png, and NAME.original.png as the network sees it
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    settings: InvertSettings,
    /// Where the images start: noise, grey, or a photo's path
    #[arg(long, default_value = "noise")]
    start: Start<PathBuf>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

#[derive(Serialize)]
struct Inversion<'a> {
    photo: &'a Path,
    image: PathBuf,
    #[serde(flatten)]
    quality: Quality,
    steps: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct Total {
    matched: f32,
    photos: usize,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    args.settings.check()?;
    let model = args.model.on(&args.computer)?;
    let size = model.card().input_size;
    let square = |path: &Path| files::read_square(path, size);
    let originals = args.photos.iter().map(|path| square(path)).collect::<Result<Vec<Pixels>>>()?;
    let start = args.start.try_map(|path| square(path))?;
    // Before minutes of work, not after.
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    let started = Instant::now();
    // All photos as one batch.
    let mut pgd = invert(&model, &originals, &start, &args.settings)?;
    let due = |step: usize| step > 0 && step.is_multiple_of(10);
    let Report { images: inversions, step: steps, .. } = follow(&mut pgd, due, |_| {})?;
    let seconds = started.elapsed().as_secs_f64();
    report(args, &model, &originals, &inversions, steps, seconds)
}

fn report(
    args: &Args,
    model: &Model,
    originals: &[Pixels],
    inversions: &[Pixels],
    steps: usize,
    seconds: f64,
) -> Result<ExitCode> {
    let distances = wait(relative_distances(model, inversions, originals))?;
    let names = files::unique_names(&args.photos);
    for (i, (inversion, original)) in inversions.iter().zip(originals).enumerate() {
        let image = args.out.join(format!("{}.inverted.png", names[i]));
        files::write(&image, &to_png(inversion)?)?;
        files::write(&args.out.join(format!("{}.original.png", names[i])), &to_png(original)?)?;
        let quality = Quality::of(inversion, original, distances[i]);
        let row = Inversion { photo: &args.photos[i], image, quality, steps, seconds };
        if args.form.json {
            println!("{}", serde_json::to_string(&row)?);
        } else {
            println!(
                "{}: distance {:.3}, coarse correlation {:.2}, psnr {:.1} dB, ssim {:.2}",
                row.image.display(),
                quality.relative_distance,
                quality.coarse_correlation,
                quality.psnr,
                quality.ssim
            );
        }
    }
    let total = Total { matched: matched(inversions, originals), photos: originals.len() };
    if args.form.json {
        println!("{}", serde_json::to_string(&total)?);
    } else {
        println!(
            "{:.0} % of {} inversions resemble their own original most; {steps} steps in {seconds:.1} s",
            100.0 * total.matched,
            total.photos
        );
    }
    Ok(ExitCode::SUCCESS)
}
