//! `robust-reps import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Error, Result, anyhow};
use robust_core::import::describe::Said;
use robust_core::import::known::Known;
use robust_core::import::{Checkpoint, Normaliser, Question};
use robust_core::model::architecture::{Downsampling, Stem};
use robust_core::model::card::{Accuracy, Card, Provenance, Role, Training};
use robust_core::model::weights::{Precision, Weights};
use serde::Deserialize;

use crate::{files, import, ranges};

/// What to import, and what its tensors cannot say.
#[derive(clap::Args)]
pub struct Args {
    /// Checkpoint of the `robustness` package, or any state dict of a plain ResNet as torchvision,
    /// timm or RobustBench save it, or of RobustBench's PreActResNets and WideResNets (.pt, .pth,
    /// .safetensors)
    checkpoint: PathBuf,
    /// Model file to write
    #[arg(long)]
    out: PathBuf,
    /// What the names of the wanted network's tensors begin with, where the file holds several
    #[arg(long, value_name = "PREFIX")]
    network: Option<String>,
    /// Names of the classes in the order of the logits, separated by commas; or imagenet,
    /// restricted-imagenet or cifar10 [default: ImageNet's for 1000 logits, else numbers]
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Data set whose usual mean and deviation the network subtracts and divides by, where the file
    /// holds none [default: ImageNet's for networks with a 7x7 stem]
    #[arg(long, conflicts_with_all = ["mean", "std"])]
    normaliser: Option<Known>,
    /// Mean of each channel, for images in [0, 1]; 0,0,0 with --std 1,1,1 for none
    #[arg(long, value_delimiter = ',', requires = "std")]
    mean: Option<Vec<f32>>,
    /// Standard deviation of each channel
    #[arg(long, value_delimiter = ',', requires = "mean")]
    std: Option<Vec<f32>>,
    /// Layers before the first block, if the tensors do not tell
    #[arg(long)]
    stem: Option<Stem>,
    /// How it makes its maps smaller, where the file does not say it: blurred for timm's resnetblur
    /// networks, whose tensors have the same names as others' [default: strided]
    #[arg(long)]
    downsampling: Option<Downsampling>,
    /// Side in pixels of the images it was trained on [default: the usual one of its stem]
    #[arg(long, value_parser = ranges::image_side)]
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
    let checkpoint = import::checkpoint(&args.checkpoint, args.network.as_deref()).map_err(hint)?;
    let card = card(args, &checkpoint)?;
    let cannot = || format!("cannot import {}", args.checkpoint.display());
    let weights = Weights::new(card, checkpoint.tensors).with_context(cannot)?;
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

fn card(args: &Args, checkpoint: &Checkpoint) -> Result<Card> {
    let about = args.about.as_deref().map(read_about).transpose()?.unwrap_or_default();
    let said = Said {
        name: args.name.clone().unwrap_or_else(|| stem_name(&args.checkpoint)),
        classes: args.classes.clone(),
        normaliser: normaliser(args)?,
        stem: args.stem,
        downsampling: args.downsampling,
        input_size: args.input_size,
        role: Some(args.role),
    };
    let source = Provenance {
        source: file_name(&args.checkpoint),
        source_sha256: files::sha256(&files::read(&args.checkpoint)?),
        written_by: concat!("robust-reps ", env!("CARGO_PKG_VERSION")).into(),
        licence: about.licence,
    };
    let (card, assumed) = checkpoint.card(&said, source).map_err(hint)?;
    for note in checkpoint.notes.iter().chain(&assumed) {
        eprintln!("{note}");
    }
    Ok(Card { training: about.training, accuracies: about.accuracies, ..card })
}

/// Which flag answers what a checkpoint leaves open.
fn hint(error: Error) -> Error {
    let flag = match error.downcast_ref::<Question>() {
        Some(Question::Stem) => "add --stem cifar (stride 1) or --stem small (stride 2)",
        Some(Question::Normaliser(_)) => {
            "add --normaliser cifar10 (or another data set), --mean and --std, or --mean 0,0,0 --std \
             1,1,1 where images in [0, 1] go in as they are"
        }
        Some(Question::Network(_)) => "--network says which one is meant",
        None => return error,
    };
    anyhow!("{error:#}: {flag}")
}

/// What the person says of the normaliser.
fn normaliser(args: &Args) -> Result<Option<Normaliser>> {
    Ok(match (args.normaliser, &args.mean, &args.std) {
        (Some(known), ..) => Some(known.normaliser()),
        (None, Some(mean), Some(std)) => {
            Some(Normaliser { mean: three(mean, "--mean")?, std: three(std, "--std")? })
        }
        _ => None,
    })
}

fn three(values: &[f32], flag: &str) -> Result<[f32; 3]> {
    let message = || format!("{flag} takes three numbers, separated by commas");
    values
        .try_into()
        .ok()
        .filter(|three: &[f32; 3]| three.iter().all(|v| v.is_finite()))
        .with_context(message)
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
