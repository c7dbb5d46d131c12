//! `robust-reps collide`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use robust_core::engine::tasks::change::collide;
use robust_core::engine::tasks::invert::relative_distances;
use robust_core::image::measure::magnified_difference;
use robust_core::image::photo::to_png;
use robust_core::settings::change::{COLLIDE_EPSILONS, attack_settings};
use serde::Serialize;

use crate::backend::wait;
use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::files;
use crate::progress::finished;
use crate::ranges;

/// Which photos, and how near.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// The photo that is changed as little as possible
    original: PathBuf,
    /// The photo whose representation it is to have
    other: PathBuf,
    /// Radii in the l2 norm, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "0.5,1,2,4")]
    eps: Vec<f32>,
    /// Steps for each radius
    #[arg(long, default_value_t = 100, value_parser = ranges::steps)]
    steps: usize,
    /// Folder for the images: each near-copy, and its difference magnified
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

#[derive(Serialize)]
struct Collision {
    eps: f32,
    /// Relative distance to the other photo's representation, before and after.
    before: f32,
    after: f32,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    if let Some(eps) = args.eps.iter().find(|eps| !COLLIDE_EPSILONS.contains(eps)) {
        bail!(
            "--eps must be from {} to {}, not {eps}",
            COLLIDE_EPSILONS.start(),
            COLLIDE_EPSILONS.end()
        );
    }
    let model = args.model.on(&args.computer)?;
    let square = |path| -> Result<_> { Ok([files::read_square(path, model.card().input_size)?]) };
    let (original, other) = (square(&args.original)?, square(&args.other)?);
    for &eps in &args.eps {
        let settings = attack_settings(eps, args.steps);
        let report = finished(&mut collide(&model, &original, &other, settings)?)?;
        let image = report.image()?;
        let after = wait(relative_distances(&model, &report.images, &other))?;
        let row = Collision { eps, before: report.losses[0][0], after: after[0] };
        if args.form.json {
            println!("{}", serde_json::to_string(&row)?);
        } else {
            println!(
                "epsilon {eps}: from {:.1} % to {:.1} % of the other photo's representation",
                100.0 * row.before,
                100.0 * row.after
            );
        }
        if let Some(out) = &args.out {
            files::write(&out.join(format!("collision-{eps}.png")), &to_png(image)?)?;
            let difference = magnified_difference(image, &original[0]).0;
            files::write(&out.join(format!("difference-{eps}.png")), &to_png(&difference)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
