//! `robust-reps why-not`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use robust_core::engine::tasks::change::{confidences, why_not};
use robust_core::image::photo::to_png;
use robust_core::settings::change::radii;
use serde::Serialize;

use crate::backend::wait;
use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::files;
use crate::progress::finished_image;
use crate::ranges;

/// Which photo, and which class it is not.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// A photo; the largest square in the middle is used
    photo: PathBuf,
    /// The class that it should be taken for
    #[arg(long)]
    class: String,
    /// Growing radii in the l2 norm, separated by commas [default: six that suit the network's images]
    #[arg(long, value_delimiter = ',', value_parser = ranges::length_or_zero)]
    eps: Option<Vec<f32>>,
    /// Folder for the images, one per radius
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

#[derive(Serialize)]
struct Confidence {
    eps: f32,
    confidence: f32,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.model.on(&args.computer)?;
    let class = model.card().class(&args.class).map_err(|message| anyhow!(message))?;
    let photo = files::read_square(&args.photo, model.card().input_size)?;
    let usual = radii(photo.size());
    for &eps in args.eps.as_deref().unwrap_or(&usual) {
        let image = match eps {
            0.0 => photo.clone(),
            eps => finished_image(&mut why_not(&model, &photo, class, eps)?)?,
        };
        let rows = wait(confidences(&model, std::slice::from_ref(&image)));
        let row = Confidence { eps, confidence: rows?[0][class] };
        if args.form.json {
            println!("{}", serde_json::to_string(&row)?);
        } else {
            println!("epsilon {eps}: {} {:.1} %", args.class, 100.0 * row.confidence);
        }
        if let Some(out) = &args.out {
            files::write(&out.join(format!("{}-{eps}.png", args.class)), &to_png(&image)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
