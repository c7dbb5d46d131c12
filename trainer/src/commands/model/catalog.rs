//! `robust-reps catalog`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use robust_core::model::catalog::CatalogEntry;
use robust_core::model::weights::Weights;

use crate::files;

/// Which folder to describe.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of model files; index.json is written into it
    folder: PathBuf,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let folder = args.folder.display();
    let listing = fs::read_dir(&args.folder).with_context(|| format!("cannot list {folder}"))?;
    let mut paths: Vec<PathBuf> = listing
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        bail!("{folder} holds no model file (.safetensors)");
    }
    let catalog = paths.iter().map(|path| entry(path)).collect::<Result<Vec<_>>>()?;
    let mut json = serde_json::to_string_pretty(&catalog)?;
    json.push('\n');
    files::write(&args.folder.join("index.json"), json.as_bytes())?;
    println!("{folder}/index.json lists {} models", catalog.len());
    Ok(ExitCode::SUCCESS)
}

/// What an index says of a model file, and of what lies beside it.
pub fn entry(path: &Path) -> Result<CatalogEntry> {
    let bytes = files::read(path)?;
    let weights =
        Weights::from_bytes(&bytes).with_context(|| format!("cannot use {}", path.display()))?;
    Ok(CatalogEntry {
        name: weights.card().name.clone(),
        role: weights.card().role,
        file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes: bytes.len() as u64,
        sha256: files::sha256(&bytes),
        atlas: beside(path, "atlas.json"),
        gaussians: beside(path, "gaussians.json"),
        examples: beside(path, "examples.jpg"),
        card: Some(weights.card().clone()),
    })
}

/// The name of the file that lies beside a model's with this ending, if there is one.
fn beside(model: &Path, ending: &str) -> Option<String> {
    let path = model.with_extension(ending);
    path.exists().then(|| path.file_name().map(|name| name.to_string_lossy().into_owned()))?
}
