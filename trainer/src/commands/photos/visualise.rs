//! `robust-reps visualise`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use robust_core::engine::solve::objective::{AddFeature, Objective};
use robust_core::engine::solve::pgd::{Pgd, noise};
use robust_core::engine::solve::{Report, Run};
use robust_core::engine::tasks::change::{add, magnify, reached, synthesise};
use robust_core::image::Pixels;
use robust_core::image::photo::to_png;
use robust_core::settings::Constraint;
use robust_core::settings::change::{
    add_settings, quick_add_settings, synthesis_settings, visualise_settings,
};

use crate::backend::wait;
use crate::commands::arguments::{Computer, ModelFile, OutFolder};
use crate::commands::paint::region;
use crate::files;
use crate::interrupt::Interrupt;
use crate::progress::{finished_until, follow};
use crate::ranges;

/// What to show.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Features (coordinates of the representation), separated by commas
    #[arg(long, value_delimiter = ',', required_unless_present = "classes")]
    features: Vec<usize>,
    /// Classes to synthesise, separated by commas
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    #[command(flatten)]
    out: OutFolder,
    /// Start from this photo [default: noise]
    #[arg(long)]
    photo: Option<PathBuf>,
    /// Add the features to the photo one after another, equation (7), and save this many stages of each
    #[arg(long, requires = "photo", conflicts_with = "classes", value_parser = ranges::side)]
    add: Option<usize>,
    /// Change only this part of the image: left,top,right,bottom as fractions of its side
    #[arg(long, value_delimiter = ',')]
    region: Vec<f32>,
    /// Run as the authors do: 200 plain steps (800 short ones to add a feature) instead of fewer
    #[arg(long)]
    authors: bool,
    /// Steps [default: the preset's]
    #[arg(long, value_parser = ranges::steps)]
    steps: Option<usize>,
    /// How far an image may go from its start, in the l2 norm [default: the preset's]
    #[arg(long, value_parser = ranges::length)]
    eps: Option<f32>,
    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.model.on(&args.computer)?;
    let size = model.card().input_size;
    let k = model.card().architecture.representation_len();
    if let Some(feature) = args.features.iter().find(|feature| **feature >= k) {
        bail!("the representation has features 0 to {}, not {feature}", k - 1);
    }
    let class = |name: &String| model.card().class(name).map_err(|message| anyhow!(message));
    let classes = args.classes.iter().map(class).collect::<Result<Vec<usize>>>()?;
    let photo = match &args.photo {
        Some(path) => Some(files::read_square(path, size)?),
        None => None,
    };
    if let (Some(stages), Some(photo)) = (args.add, &photo) {
        let mut image = photo.clone();
        for &feature in &args.features {
            let mut settings =
                if args.authors { add_settings(size) } else { quick_add_settings(size) };
            settings.steps = args.steps.unwrap_or(settings.steps);
            let pgd = within(args, size, add(&model, &image, feature, settings))?;
            image = save_stages(args, pgd, feature, settings.steps, stages)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut settings =
        if args.authors { visualise_settings(size) } else { synthesis_settings(size) };
    settings.steps = args.steps.unwrap_or(settings.steps);
    if let Some(epsilon) = args.eps {
        settings.constraint = Constraint::L2 { epsilon };
    }
    let start = |i: usize| photo.clone().unwrap_or_else(|| noise(size, args.seed, i as u64));
    let starts = |count: usize| (0..count).map(start).collect::<Vec<Pixels>>();
    if !args.features.is_empty() {
        let names: Vec<String> =
            args.features.iter().map(|feature| format!("feature-{feature}")).collect();
        let pgd = magnify(&model, &starts(names.len()), &args.features, settings);
        save(args, pgd?, &names, "activation")?;
    }
    if !classes.is_empty() && !Interrupt::listen().asked() {
        let names: Vec<String> =
            args.classes.iter().map(|class| format!("class-{class}")).collect();
        let pgd = synthesise(&model, &starts(names.len()), &classes, settings);
        save(args, pgd?, &names, "cross-entropy")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Restricts the run to the region given by `--region`.
fn within<'a, O: Objective>(args: &Args, size: usize, pgd: Pgd<'a, O>) -> Result<Pgd<'a, O>> {
    if args.region.is_empty() {
        return Ok(pgd);
    }
    Ok(pgd.within(&region(&args.region, size, "--region")?)?)
}

/// Runs to the end, or until Ctrl-C; saves what was reached.
fn save<O: Objective>(args: &Args, pgd: Pgd<'_, O>, names: &[String], value: &str) -> Result<()> {
    let mut pgd = within(args, pgd.size(), pgd)?;
    let Report { images, step: steps, .. } = follow(&mut pgd, |_| false, |_| {})?;
    let reached = wait(pgd.losses())?;
    for ((name, image), reached) in names.iter().zip(images).zip(reached) {
        let path = args.out.path.join(format!("{name}.png"));
        files::write(&path, &to_png(&image)?)?;
        println!("{}: {value} {reached:.2} after {steps} steps", path.display());
    }
    Ok(())
}

/// Saves the image at equal distances of the run; returns its last one.
fn save_stages(
    args: &Args,
    mut pgd: Pgd<'_, AddFeature>,
    feature: usize,
    steps: usize,
    stages: usize,
) -> Result<Pixels> {
    let mut last = None;
    for stage in 0..=stages {
        let image = finished_until(&mut pgd, steps * stage / stages)?.image()?.clone();
        let path = args.out.path.join(format!("added-{feature}-{stage:02}.png"));
        files::write(&path, &to_png(&image)?)?;
        let (reached, steps) = (wait(reached(&pgd))?, pgd.steps_done());
        println!("{}: feature {feature} at {reached:.2} after {steps} steps", path.display());
        last = Some(image);
    }
    last.context("there was no stage")
}
