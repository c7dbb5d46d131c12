//! What the card of a trained network says: what it is, what it learned from, and how.

use anyhow::Result;
use robust_core::model::card::{Card, Provenance, Role, Training};
use robust_core::model::weights::Weights;

use super::checkpoint::Position;
use super::run::Job;

/// The card of the network that a run begins with.
pub fn card(job: &Job<'_>) -> Result<Card> {
    let config = job.config;
    let classes = job.train.classes.clone();
    let architecture = config.architecture(classes.len())?;
    let (mean, std) = match &job.init {
        Some(weights) => (weights.card().mean, weights.card().std),
        None => job.train.normaliser(),
    };
    let source = match job.init.as_ref().map(Weights::card) {
        None => "robust-reps train".into(),
        Some(first) => {
            let network = first.architecture.preset_name().unwrap_or("another network");
            let changed = match (first.architecture.blurs(), architecture.blurs()) {
                (false, true) => ", whose strides became blurs",
                (true, false) => ", whose blurs became strides",
                _ => "",
            };
            format!(
                "robust-reps train, begun from the weights of \"{}\" ({network}{changed})",
                first.name
            )
        }
    };
    let role = if config.attack_steps == 0 { Role::Standard } else { Role::Robust };
    Ok(Card {
        name: format!("{role:?}").to_lowercase(),
        role,
        architecture,
        classes,
        mean,
        std,
        input_size: config.size,
        training: None,
        accuracies: Vec::new(),
        provenance: Provenance {
            source,
            written_by: concat!("robust-reps ", env!("CARGO_PKG_VERSION")).into(),
            ..Provenance::default()
        },
    })
}

/// `card` with how the network came about, as far as the run has come.
pub fn described(card: Card, job: &Job<'_>, at: Position) -> Card {
    let (adversary, recipe) = (job.config.adversary(), job.config.recipe());
    let mut cost = format!("{:.0} minutes on {}", at.seconds / 60.0, job.hardware);
    if at.epoch < job.config.epochs {
        cost += &format!(", so far {} of {} epochs", at.epoch, job.config.epochs);
    }
    Card { training: Some(Training { data: job.data.clone(), adversary, recipe, cost }), ..card }
}
