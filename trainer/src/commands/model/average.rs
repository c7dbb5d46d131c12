//! `robust-reps average`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use robust_core::model::card::{Card, Provenance, Training};
use robust_core::model::weights::{Precision, Weights};

use crate::accuracy::balanced_draw;
use crate::commands::arguments::{Computer, OutFile};
use crate::data::{Dataset, Request};
use crate::files;
use crate::train::{ENOUGH, remeasured};

/// What to average.
#[derive(clap::Args)]
pub struct Args {
    /// Model files of one architecture, trained on from the same weights
    #[arg(required = true, num_args = 2..)]
    models: Vec<PathBuf>,
    #[command(flatten)]
    out: OutFile,
    /// Name people use for it [default: the first model's]
    #[arg(long)]
    name: Option<String>,
    /// Training images (as for `train`) on which the statistics of normalisations are measured again [default: the
    /// mean of the networks' own, which fits the averaged weights less well]
    #[arg(long, num_args = 1.., value_name = "DATA")]
    statistics: Vec<PathBuf>,
    /// How many bits its numbers keep [default: those of the first model]
    #[arg(long)]
    precision: Option<Precision>,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let all =
        args.models.iter().map(|path| files::read_weights(path)).collect::<Result<Vec<_>>>()?;
    let (first, others) = all.split_first().context("there is nothing to average")?;
    let mean = first.mean(others)?;
    let cards: Vec<&Card> = all.iter().map(Weights::card).collect();
    let mut card = mean.card().clone();
    if let Some(name) = &args.name {
        card.name.clone_from(name);
    }
    // What was measured of one is not true of the mean.
    card.accuracies.clear();
    card.training = training(&cards);
    card.provenance = Provenance {
        source: format!("robust-reps average: {}", each(&cards, |card| &card.provenance.source)),
        written_by: concat!("robust-reps ", env!("CARGO_PKG_VERSION")).into(),
        licence: each(&cards, |card| &card.provenance.licence),
        ..Provenance::default()
    };
    let mean = if args.statistics.is_empty() { mean } else { measured(&mean, args)? };
    let tensors = mean.tensors().map(|(name, array)| (name.to_owned(), array.clone())).collect();
    let precision = match args.precision {
        Some(precision) => precision,
        None => Precision::of(&files::read(&args.models[0])?)?,
    };
    files::write(&args.out.path, &Weights::new(card, tensors)?.to_bytes(precision)?)?;
    println!("{}: mean of {} networks", args.out.path.display(), all.len());
    Ok(ExitCode::SUCCESS)
}

/// The mean with the statistics of a balanced draw of the images.
fn measured(mean: &Weights, args: &Args) -> Result<Weights> {
    let card = mean.card();
    let set = Dataset::read(&Request::of_network(card, &args.statistics))?;
    let images = balanced_draw(&set, ENOUGH, 0);
    remeasured(mean, &set, &images, &args.computer.backend.device()?)
}

/// How the networks were trained, as far as all their cards say.
fn training(cards: &[&Card]) -> Option<Training> {
    let all: Vec<&Training> =
        cards.iter().map(|card| card.training.as_ref()).collect::<Option<_>>()?;
    Some(Training {
        data: each(&all, |training| &training.data),
        adversary: each(&all, |training| &training.adversary),
        recipe: format!(
            "mean of {} networks: {}",
            all.len(),
            each(&all, |training| &training.recipe)
        ),
        cost: each(&all, |training| &training.cost),
    })
}

/// What is said of every one, once where it is the same.
fn each<T>(all: &[T], said: impl Fn(&T) -> &str) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for text in all.iter().map(said) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join("; and ")
}
