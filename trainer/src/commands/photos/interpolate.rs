//! `robust-reps interpolate`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use robust_core::image::strip::{to_apng, to_filmstrip, to_gif};
use robust_core::link::{Link, Stop, open};
use robust_core::settings::path::PathSettings;

use super::frames::compute;
use super::link;
use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::files;

/// Photos to join, and how.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Two to eight photos; the largest square in the middle of each is used
    #[arg(required = true, num_args = 2..=8)]
    photos: Vec<PathBuf>,
    /// File to write: .gif and .apng are animations, .png is a filmstrip that the page opens again
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    settings: PathSettings,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    args.settings.check()?;
    let extension = args.out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if !["gif", "apng", "png"].contains(&extension.as_str()) {
        bail!("--out must end in .gif, .apng (both move) or .png (a filmstrip)");
    }
    let model = args.model.on(&args.computer)?;
    let card = model.card();
    // By way of a link, so that whoever opens the filmstrip sees the very same frames.
    let link = link::make(&card.name, card.input_size, &args.photos, args.settings)?;
    let photo = |stop: &Stop| match stop {
        Stop::Embedded(bytes) => Ok(open(bytes, card.input_size)?),
        Stop::Gallery { name, .. } => bail!("{name} is not inside the link"),
    };
    let stops = link.stops.iter().map(photo).collect::<Result<Vec<_>>>()?;
    let path = compute(&model, &stops, &args.settings)?;
    let bytes = match extension.as_str() {
        "gif" => to_gif(&path.frames)?,
        "apng" => to_apng(&path.frames)?,
        _ => to_filmstrip(&path.frames, &Link::Path(link).to_fragment()?)?,
    };
    files::write(&args.out, &bytes).context("the path was computed and is lost")?;
    let distance = path.distance;
    if args.form.json {
        let row = serde_json::json!({
            "file": args.out, "frames": path.frames.len(), "steps": path.steps,
            "relative_distance": distance,
        });
        println!("{row}");
    } else {
        println!(
            "{}: {} frames, {} steps, distance {distance:.3}",
            args.out.display(),
            path.frames.len(),
            path.steps
        );
    }
    Ok(ExitCode::SUCCESS)
}
