//! `robust-reps open`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use robust_core::image::Pixels;
use robust_core::image::photo::to_png;
use robust_core::image::strip::to_filmstrip;
use robust_core::link::{Link, Stop, link_of, open};
use robust_core::model::catalog::CatalogEntry;

use super::frames::compute;
use crate::commands::arguments::Computer;
use crate::files;

/// What to open.
#[derive(clap::Args)]
pub struct Args {
    /// A link of the page, its part after #, or the path of a filmstrip that carries one
    link: String,
    /// Folder for the frames (00.png, ...) and filmstrip.png
    #[arg(long)]
    out: PathBuf,
    /// Folder of models with its index.json
    #[arg(long, default_value = "static/models")]
    models: PathBuf,
    /// Folder of the gallery photos
    #[arg(long, default_value = "static/gallery")]
    gallery: PathBuf,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let text = match Path::new(&args.link) {
        file if file.is_file() => link_of(&files::read(file)?)
            .with_context(|| format!("{} carries no link", file.display()))?,
        _ => args.link.clone(),
    };
    let content = Link::from_fragment(&text)?;
    let Link::Path(link) = &content else {
        bail!("this link shows no path between photos but another view: open it in a browser")
    };
    let model = files::read_model(
        &model_file(&args.models, &link.model)?,
        &args.computer.backend.device()?,
    )?;
    let size = model.card().input_size;
    let photo = |stop: &Stop| -> Result<Pixels> {
        match stop {
            Stop::Embedded(bytes) => open(bytes, size).context("a photo inside the link"),
            Stop::Gallery { name, crop } => {
                let file = args.gallery.join(format!("{name}.jpg"));
                Ok(files::read_photo(&file)?.square(*crop, size))
            }
        }
    };
    let stops = link.stops.iter().map(photo).collect::<Result<Vec<_>>>()?;
    let path = compute(&model, &stops, &link.settings)?;
    for (i, frame) in path.frames.iter().enumerate() {
        files::write(&args.out.join(format!("{i:02}.png")), &to_png(frame)?)?;
    }
    let strip = to_filmstrip(&path.frames, &content.to_fragment()?)?;
    files::write(&args.out.join("filmstrip.png"), &strip)?;
    println!("{}: {} frames, {} steps", args.out.display(), path.frames.len(), path.steps);
    Ok(ExitCode::SUCCESS)
}

/// The file of the model that a link names.
fn model_file(folder: &Path, name: &str) -> Result<PathBuf> {
    let index = folder.join("index.json");
    let catalog: Vec<CatalogEntry> = serde_json::from_slice(&files::read(&index)?)
        .with_context(|| format!("cannot understand {}", index.display()))?;
    let Some(entry) = catalog.iter().find(|entry| entry.name == name) else {
        let known: Vec<&str> = catalog.iter().map(|entry| entry.name.as_str()).collect();
        bail!("the link names the model \"{name}\", which is not here ({})", known.join(", "));
    };
    let (file, index) = (Path::new(&entry.file), index.display());
    if file.file_name() != Some(file.as_os_str()) {
        bail!("{index} names {}, which is not a file beside it", file.display());
    }
    let path = folder.join(file);
    if files::sha256(&files::read(&path)?) != entry.sha256 {
        bail!(
            "{} is not the file that {index} lists: it is damaged, or `robust-reps catalog` has to \
             list it anew",
            path.display()
        );
    }
    Ok(path)
}
