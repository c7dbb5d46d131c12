//! `robust-reps info`.

use std::process::ExitCode;

use anyhow::Result;
use robust_core::model::card::Card;

use crate::commands::arguments::{Form, ModelFile};

/// Which file to describe, and how.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    #[command(flatten)]
    form: Form,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let weights = args.model.weights()?;
    if args.form.json {
        println!("{}", serde_json::to_string_pretty(weights.card())?);
    } else {
        print!("{}", describe(weights.card()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The card as rows of text.
pub fn describe(card: &Card) -> String {
    let net = &card.architecture;
    let blurs = if net.blurs() { ", blurred downsampling" } else { "" };
    let mut rows = vec![
        ("name", card.name.clone()),
        ("role", format!("{:?}", card.role).to_lowercase()),
        (
            "network",
            format!(
                "{} ({:?} blocks {:?}, widths {:?}, stem {:?}{blurs})",
                net.preset_name().unwrap_or("residual"),
                net.block,
                net.blocks,
                net.widths,
                net.stem
            ),
        ),
        ("parameters", format!("{:.2} million", net.parameters() as f64 / 1e6)),
        ("representation", format!("{} features", net.representation_len())),
        ("input", format!("{0} x {0} pixels", card.input_size)),
        ("classes", card.classes.join(", ")),
        ("mean, std", format!("{:?}, {:?}", card.mean, card.std)),
    ];
    if let Some(training) = &card.training {
        rows.push(("data", training.data.clone()));
        rows.push(("adversary", training.adversary.clone()));
        rows.push(("recipe", training.recipe.clone()));
        rows.push(("cost", training.cost.clone()));
    }
    for accuracy in &card.accuracies {
        rows.push(("accuracy", format!("{:.1} % {}", 100.0 * accuracy.value, accuracy.on)));
    }
    rows.push(("source", card.provenance.source.clone()));
    rows.push(("written by", card.provenance.written_by.clone()));
    rows.push(("licence", card.provenance.licence.clone()));
    rows.iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name:<15} {value}\n"))
        .collect()
}
