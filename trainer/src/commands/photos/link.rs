//! `robust-reps link`, and the making of a link for other commands.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use robust_core::link::{Link, PathLink, Stop, embed};
use robust_core::settings::path::PathSettings;

use crate::commands::arguments::ModelFile;
use crate::files;

/// Photos to join, and how.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Two to eight photos; the largest square in the middle of each is used
    #[arg(required = true, num_args = 2..=8)]
    photos: Vec<PathBuf>,
    #[command(flatten)]
    settings: PathSettings,
    /// Address of the page that opens it
    #[arg(long, default_value = "http://127.0.0.1:8080/")]
    page: String,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let card = args.model.weights()?.card().clone();
    let link = make(&card.name, card.input_size, &args.photos, args.settings)?;
    println!("{}#{}", args.page, Link::Path(link).to_fragment()?);
    Ok(ExitCode::SUCCESS)
}

/// A link with the photos inside.
pub fn make(
    model: &str,
    size: usize,
    photos: &[PathBuf],
    settings: PathSettings,
) -> Result<PathLink> {
    let stop = |path: &PathBuf| -> Result<Stop> {
        let square = files::read_square(path, size)?;
        let small = embed(&square).with_context(|| cannot(path))?;
        Ok(Stop::Embedded(small.into()))
    };
    let stops = photos.iter().map(stop).collect::<Result<_>>()?;
    Ok(PathLink { model: model.into(), stops, settings })
}

fn cannot(path: &Path) -> String {
    format!("cannot put {} into a link", path.display())
}
