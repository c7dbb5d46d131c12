//! `robust-reps import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use robust_core::model::architecture::{Block, Order, ResNetConfig, Stem};
use robust_core::model::card::{Accuracy, Card, Provenance, Role, Training};
use robust_core::model::weights::{Precision, Weights};
use serde::Deserialize;

use crate::data::Known;
use crate::files;
use crate::import::{Checkpoint, Normaliser, architecture};
use crate::ranges;

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
    /// Layers before the first block, where the tensors leave it open
    #[arg(long)]
    stem: Option<Stem>,
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
    let cannot = || format!("cannot import {}", args.checkpoint.display());
    let checkpoint = Checkpoint::read(&args.checkpoint, args.network.as_deref())?;
    let architecture = architecture(&checkpoint.shapes(), args.stem).with_context(cannot)?;
    for note in &checkpoint.notes {
        eprintln!("{note}");
    }
    if architecture.block == Block::Bottleneck {
        eprintln!(
            "Names and shapes do not tell where a bottleneck's stride is, whether a convolution is \
             dilated, and whether pooling blurs: torchvision's way is assumed. If in doubt, compare \
             logits (`robust-reps verify`)."
        );
    }
    if architecture.order != Order::After {
        eprintln!(
            "Names and shapes do not tell where a network that normalises before its convolutions \
             takes its shortcuts from, and that its activation is a ReLU: the way of RobustBench's \
             is assumed, after the first ReLU. If in doubt, compare logits (`robust-reps verify`)."
        );
    }
    let card = card(args, &checkpoint, architecture)?;
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

fn card(args: &Args, checkpoint: &Checkpoint, architecture: ResNetConfig) -> Result<Card> {
    let about = args.about.as_deref().map(read_about).transpose()?.unwrap_or_default();
    let Normaliser { mean, std } = normaliser(args, checkpoint.normaliser, architecture.stem)?;
    let source = file_name(&args.checkpoint);
    Ok(Card {
        name: args.name.clone().unwrap_or_else(|| stem_name(&args.checkpoint)),
        role: args.role,
        classes: class_names(&args.classes, architecture.classes)?,
        mean,
        std,
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

/// What the person says, else what the file says, else ImageNet's where that is the custom.
fn normaliser(args: &Args, found: Option<Normaliser>, stem: Stem) -> Result<Normaliser> {
    let given = match (args.normaliser, &args.mean, &args.std) {
        (Some(known), ..) => Some(known.normaliser()),
        (None, Some(mean), Some(std)) => Some((three(mean, "--mean")?, three(std, "--std")?)),
        _ => None,
    };
    let given = given.map(|(mean, std)| Normaliser { mean, std });
    match (given, found) {
        (Some(given), Some(found)) if given != found => {
            eprintln!("The checkpoint's own normaliser is replaced: {found:?}.");
            Ok(given)
        }
        (Some(normaliser), _) | (None, Some(normaliser)) => Ok(normaliser),
        (None, None) if stem == Stem::Imagenet => {
            eprintln!("The checkpoint holds no normaliser: ImageNet's mean and std are assumed.");
            let (mean, std) = Known::Imagenet.normaliser();
            Ok(Normaliser { mean, std })
        }
        (None, None) => bail!(
            "the checkpoint holds no normaliser: add --normaliser cifar10 (or another data set), \
             --mean and --std, or --mean 0,0,0 --std 1,1,1 where images in [0, 1] go in as they are"
        ),
    }
}

fn three(values: &[f32], flag: &str) -> Result<[f32; 3]> {
    let message = || format!("{flag} takes three numbers, separated by commas");
    values
        .try_into()
        .ok()
        .filter(|three: &[f32; 3]| three.iter().all(|v| v.is_finite()))
        .with_context(message)
}

fn class_names(given: &[String], logits: usize) -> Result<Vec<String>> {
    let names = match given {
        [] if logits == 1000 => Known::Imagenet.classes(),
        [] => return Ok((0..logits).map(|i| format!("class {i}")).collect()),
        names => match names.first().map(|set| Known::from_str(set, true)) {
            Some(Ok(known)) if names.len() == 1 => known.classes(),
            _ => names.iter().map(|name| name.trim().to_owned()).collect(),
        },
    };
    if names.len() != logits {
        bail!("--classes names {} classes, but the network has {logits} logits", names.len());
    }
    Ok(names)
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
