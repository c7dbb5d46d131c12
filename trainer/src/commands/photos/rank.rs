//! `robust-reps rank`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use robust_core::engine::tasks::change::activations;
use robust_core::image::Pixels;
use serde::Serialize;

use crate::backend::wait;
use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::files;
use crate::ranges;

/// What is sorted by what.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Photos; the largest square in the middle of each is used
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    /// Features (coordinates of the representation), separated by commas
    #[arg(long, value_delimiter = ',', required = true)]
    features: Vec<usize>,
    /// How many photos to print from either end; with --json, all are printed
    #[arg(long, default_value_t = 3, value_parser = ranges::count)]
    count: usize,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

#[derive(Serialize)]
struct Ranking<'a> {
    feature: usize,
    photos: Vec<(&'a PathBuf, f32)>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.model.on(&args.computer)?;
    let k = model.card().architecture.representation_len();
    if let Some(feature) = args.features.iter().find(|feature| **feature >= k) {
        bail!("the representation has features 0 to {}, not {feature}", k - 1);
    }
    let size = model.card().input_size;
    let square = |path: &PathBuf| files::read_square(path, size);
    let images = args.photos.iter().map(square).collect::<Result<Vec<Pixels>>>()?;
    let rows = wait(activations(&model, &images))?;
    for &feature in &args.features {
        let mut photos: Vec<(&PathBuf, f32)> =
            args.photos.iter().zip(rows.iter().map(|row| row[feature])).collect();
        photos.sort_by(|a, b| b.1.total_cmp(&a.1));
        if args.form.json {
            println!("{}", serde_json::to_string(&Ranking { feature, photos })?);
            continue;
        }
        println!("feature {feature}, most activated by:");
        let shown = args.count.min(photos.len());
        photos[..shown]
            .iter()
            .for_each(|(path, value)| println!("{value:8.3}  {}", path.display()));
        println!("least:");
        let last = photos.iter().rev().take(shown);
        last.for_each(|(path, value)| println!("{value:8.3}  {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}
