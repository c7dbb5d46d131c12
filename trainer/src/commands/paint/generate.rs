//! `robust-reps generate`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use robust_core::image::Pixels;
use robust_core::settings::paint::Making;

use super::make::{self, Make};

/// What to generate.
#[derive(clap::Args)]
pub struct Args {
    /// Model file; NAME.gaussians.json beside it holds the Gaussian of each class
    model: PathBuf,
    /// Classes, separated by commas [default: all]
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Images of each class
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// File of the classes' Gaussians [default: the one beside the model]
    #[arg(long)]
    gaussians: Option<PathBuf>,
    /// Seed of the draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    make: Make,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.make.model(&args.model)?;
    let card = model.card();
    let path = args.gaussians.clone();
    let path = path.unwrap_or_else(|| args.model.with_extension("gaussians.json"));
    let gaussians = make::gaussians(&path, card)?;
    let names = if args.classes.is_empty() { &card.classes } else { &args.classes };
    for name in names {
        let class = make::class(&model, name)?;
        let draw = |i: u16| gaussians.draw(class, card.input_size, args.seed, u64::from(i));
        let starts: Option<Vec<Pixels>> = (0..args.count).map(draw).collect();
        let starts = starts.context("the file of Gaussians lacks a class")?;
        let names: Vec<String> = (0..args.count).map(|i| format!("{name}-{i:02}")).collect();
        let classes = vec![class; starts.len()];
        args.make.towards(&model, Making::Generate, &starts, &classes, &names)?;
    }
    Ok(ExitCode::SUCCESS)
}
