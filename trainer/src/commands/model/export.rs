//! `robust-reps export`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
use robust_core::engine::Model;
use robust_core::engine::network::LastRelu;
use robust_core::engine::solve::pgd::noise;
use robust_core::engine::tasks::invert::{invert, relative_distances};
use robust_core::image::Pixels;
use robust_core::model::weights::{Precision, Weights};
use robust_core::settings::{InvertSettings, Start};

use super::torch;
use crate::backend::wait;
use crate::commands::arguments::{ModelFile, OutFile};
use crate::files;
use crate::progress::finished;

/// Largest error of a logit, as a share of the largest logit.
const MAX_LOGIT_ERROR: f32 = 0.02;

/// Steps of the inversions that are compared.
const STEPS: usize = 30;

/// How much further from its photos the exported model's inversions may be, as the original model
/// sees it, in parts of its own inversions' distance. Pixels cannot be compared: rounding sends long
/// steps elsewhere.
const MAX_DISTANCE: f32 = 1.15;

/// What to export, and how.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    #[command(flatten)]
    out: OutFile,
    /// What the numbers of convolutions and the linear layer are kept as
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// Name people use for it [default: unchanged]
    #[arg(long)]
    name: Option<String>,
    /// Photos to compare both files on [default: noise]
    #[arg(long, num_args = 1..)]
    photos: Vec<PathBuf>,
    /// Write a state dict for PyTorch instead, in f32, and print the Python lines that load it
    #[arg(long, conflicts_with_all = ["precision", "name", "photos"])]
    torch: bool,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let weights = args.model.weights()?;
    if args.torch {
        torch::export(&weights, &args.out.path)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut card = weights.card().clone();
    if let Some(name) = &args.name {
        card.name.clone_from(name);
    }
    let tensors = weights.tensors().map(|(name, array)| (name.to_owned(), array.clone())).collect();
    let bytes = Weights::new(card, tensors)?.to_bytes(args.precision)?;
    let device = Device::flex();
    let (before, after) = (Model::new(&weights, &device), Model::from_bytes(&bytes, &device)?);
    let size = before.card().input_size;
    let photos = match &args.photos[..] {
        [] => (0..4).map(|i| noise(size, 9, i)).collect(),
        paths => paths
            .iter()
            .map(|path| files::read_square(path, size))
            .collect::<Result<Vec<Pixels>>>()?,
    };
    let error = logit_error(&before, &after, &photos)?;
    let distance = |model: &Model| -> Result<f32> {
        let images = inverted(model, &photos)?;
        let distances = wait(relative_distances(&before, &images, &photos))?;
        Ok(distances.iter().sum::<f32>() / photos.len() as f32)
    };
    let (own, exported) = (distance(&before)?, distance(&after)?);
    println!(
        "logits differ by {error:.1e} of the largest; inversions are {own:.4} from their photos \
         before, {exported:.4} after"
    );
    if error > MAX_LOGIT_ERROR || exported > MAX_DISTANCE * own {
        bail!(
            "the model does not survive this; nothing was written. Export it with more precision"
        );
    }
    files::write(&args.out.path, &bytes)?;
    println!("{}: {:.1} MB", args.out.path.display(), bytes.len() as f64 / 1e6);
    Ok(ExitCode::SUCCESS)
}

fn logit_error(before: &Model, after: &Model, photos: &[Pixels]) -> Result<f32> {
    let logits = |model: &Model| {
        let batch = model.batch(photos)?;
        Ok::<Tensor<2>, anyhow::Error>(model.forward(batch, LastRelu::True).logits)
    };
    let (before, after) = (logits(before)?, logits(after)?);
    let difference = (before.clone() - after).abs().max().into_scalar::<f32>();
    Ok(difference / before.abs().max().into_scalar::<f32>())
}

fn inverted(model: &Model, photos: &[Pixels]) -> Result<Vec<Pixels>> {
    let settings = InvertSettings { steps: STEPS, ..InvertSettings::AUTHORS };
    Ok(finished(&mut invert(model, photos, &Start::Grey, &settings)?)?.images)
}
