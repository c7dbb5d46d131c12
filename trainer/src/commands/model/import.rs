//! `robust-reps import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use robust_core::model::architecture::Stem;
use robust_core::model::card::{Accuracy, Card, Provenance, Role, Training};
use robust_core::model::weights::{Precision, Weights};
use serde::Deserialize;

use crate::import::StateDict;
use crate::{files, infer};

/// The normaliser that torchvision's networks expect.
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// What to import, and what its tensors cannot say.
#[derive(clap::Args)]
pub struct Args {
    /// Checkpoint of the `robustness` package, or a plain torchvision state dict
    checkpoint: PathBuf,
    /// Model file to write
    #[arg(long)]
    out: PathBuf,
    /// Names of the classes in the order of the logits, separated by commas
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Layers before the first block, where the tensors leave it open
    #[arg(long)]
    stem: Option<Stem>,
    /// Side in pixels of the images it was trained on [default: the usual one of its stem]
    #[arg(long)]
    input_size: Option<usize>,
    /// What the numbers of convolutions and the linear layer are kept as
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// Name people use for it [default: the checkpoint's file name]
    #[arg(long)]
    name: Option<String>,
    /// Whether it was trained against an adversary
    #[arg(long, default_value = "robust")]
    role: Role,
    /// JSON file with what is known of its training: "training", "accuracies", "licence"
    #[arg(long)]
    about: Option<PathBuf>,
}

/// What a person knows of a model and its tensors do not.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    training: Option<Training>,
    #[serde(default)]
    accuracies: Vec<Accuracy>,
    #[serde(default)]
    licence: String,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let checkpoint = StateDict::read(&args.checkpoint)?;
    let card = card(args, &checkpoint)?;
    let weights = Weights::new(card, checkpoint.tensors)
        .with_context(|| format!("cannot import {}", args.checkpoint.display()))?;
    let bytes = weights.to_bytes(args.precision)?;
    files::write(&args.out, &bytes)?;
    let card = weights.card();
    println!(
        "{}: {}, {} classes, representation of {}, {:.1} MB",
        args.out.display(),
        card.architecture.preset_name().unwrap_or("a residual network"),
        card.architecture.classes,
        card.architecture.representation_len(),
        bytes.len() as f64 / 1e6
    );
    Ok(ExitCode::SUCCESS)
}

fn card(args: &Args, checkpoint: &StateDict) -> Result<Card> {
    let architecture = infer::architecture(&checkpoint.tensors, args.stem)
        .with_context(|| format!("cannot import {}", args.checkpoint.display()))?;
    let about = args.about.as_deref().map(read_about).transpose()?.unwrap_or_default();
    if checkpoint.mean.is_none() || checkpoint.std.is_none() {
        eprintln!("The checkpoint holds no normaliser: ImageNet's mean and std are assumed.");
    }
    let source = file_name(&args.checkpoint);
    Ok(Card {
        name: args.name.clone().unwrap_or_else(|| stem_name(&args.checkpoint)),
        role: args.role,
        classes: class_names(&args.classes, architecture.classes)?,
        mean: checkpoint.mean.unwrap_or(IMAGENET_MEAN),
        std: checkpoint.std.unwrap_or(IMAGENET_STD),
        input_size: args.input_size.unwrap_or(architecture.stem.usual_input_size()),
        architecture,
        training: about.training,
        accuracies: about.accuracies,
        provenance: Provenance {
            source,
            source_sha256: files::sha256(&files::read(&args.checkpoint)?),
            written_by: concat!("robust-reps ", env!("CARGO_PKG_VERSION")).into(),
            licence: about.licence,
        },
    })
}

fn class_names(given: &[String], logits: usize) -> Result<Vec<String>> {
    if given.is_empty() {
        return Ok((0..logits).map(|i| format!("class {i}")).collect());
    }
    if given.len() != logits {
        bail!("--classes names {} classes, but the network has {logits} logits", given.len());
    }
    Ok(given.iter().map(|name| name.trim().to_owned()).collect())
}

fn read_about(path: &Path) -> Result<About> {
    serde_json::from_slice(&files::read(path)?)
        .with_context(|| format!("cannot understand {}", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn stem_name(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
