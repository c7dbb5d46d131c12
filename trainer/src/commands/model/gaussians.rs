//! `robust-reps gaussians`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use image::imageops::{self, FilterType};
use robust_core::model::gaussians::{Gaussian, Gaussians};

use crate::data::{Dataset, Request, planes};
use crate::files;
use crate::principal::principal;

/// Whose classes, and of which images.
#[derive(clap::Args)]
pub struct Args {
    /// Model file; NAME.gaussians.json is written beside it
    model: PathBuf,
    /// Training images: folders or zip files of CLASS/image.jpg
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// Side of the images that the Gaussians are over, in pixels
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=32))]
    side: u16,
    /// Directions of each class that are kept
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    rank: u16,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let card = files::read_weights(&args.model)?.card().clone();
    let set = Dataset::read(&Request::of_network(&card, &args.data))?;
    let side = u32::from(args.side);
    let small = |index: usize| -> Vec<f32> {
        planes(&imageops::resize(&*set.image(index), side, side, FilterType::Triangle))
    };
    let mut classes = Vec::new();
    for label in 0..card.classes.len() {
        let of_class = (0..set.len()).filter(|&index| set.labels()[index] == label);
        let images: Vec<Vec<f32>> = of_class.map(small).collect();
        ensure!(!images.is_empty(), "no image of {}", card.classes[label]);
        set.check_readable()?;
        let (mean, directions) = principal(&images, usize::from(args.rank));
        classes.push(Gaussian::new(&mean, &directions));
    }
    let gaussians = Gaussians { side: usize::from(args.side), classes };
    let path = args.model.with_extension("gaussians.json");
    let json = serde_json::to_string(&gaussians)?;
    files::write(&path, json.as_bytes())?;
    println!("{}: {} images, {} kB", path.display(), set.len(), json.len() / 1000);
    Ok(ExitCode::SUCCESS)
}
