//! AutoAttack, by which robust accuracy is compared: four attacks, none of which has a parameter to
//! tune, each on the images that the ones before left right (Croce and Hein 2020, "Reliable evaluation
//! of adversarial robustness with an ensemble of diverse parameter-free attacks", its standard version).
//!
//! An attack is plain loops over the pixels of each image; only the network's logits and gradients
//! are the device's. What it draws for an image follows from the seed and the image's index alone, so
//! that an image fares alike in every batch and in a run that was interrupted.

mod apgd;
mod ball;
mod fab;
#[cfg(test)]
mod linear;
mod loss;
mod network;
mod plane;
mod square;
pub mod suite;

use anyhow::Result;
use clap::ValueEnum;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use robust_core::report::ranking;
use serde::{Deserialize, Serialize};

pub use ball::{Ball, Norm};
use loss::{Loss, largest};

/// Fewest classes for which the targeted DLR loss is defined: it looks at the fourth largest logit.
pub const DLR_CLASSES: usize = 4;

/// Other classes that a targeted attack tries, at most.
const TARGETS: usize = 9;

/// Draws of one image that may differ: those of each attack on each of its targets.
const STREAMS: u64 = 64;

/// Logits of an image and the gradient of what was asked for.
pub type Slope = (Vec<f32>, Vec<f32>);

/// What is attacked.
pub trait Classifier {
    /// The logits of each image; an image is `[3, side, side]` in [0, 1].
    fn logits(&self, images: &[&[f32]]) -> Result<Vec<Vec<f32>>>;

    /// The same, and for each image the gradient of its logits weighted by `weights(i, logits)`, which
    /// is that of any loss whose derivatives by the logits these weights are.
    fn gradients(
        &self,
        images: &[&[f32]],
        weights: &dyn Fn(usize, &[f32]) -> Vec<f32>,
    ) -> Result<Vec<Slope>>;
}

/// An image that the network classifies rightly before it is attacked.
#[derive(Clone, Debug)]
pub struct Example {
    /// `[3, side, side]` in [0, 1].
    pub pixels: Vec<f32>,
    /// Its class.
    pub label: usize,
    /// Its place in the set, from which its draws follow.
    pub index: usize,
}

/// How long the attacks search, and what they draw from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Steps of APGD and FAB.
    pub steps: usize,
    /// Queries of Square.
    pub queries: usize,
    /// Seed of all draws.
    pub seed: u64,
}

/// One of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Steps along the gradient of the cross-entropy, whose length adapts itself
    ApgdCe,
    /// The same on the targeted difference of logits ratio, for nine classes in turn
    ApgdT,
    /// The nearest point across the boundary to each of nine classes
    FabT,
    /// Random squares, without gradients
    Square,
}

/// What goes on while an attack runs: hears how many of its steps are done, and says whether to go on.
pub type Watch<'a> = dyn FnMut(usize) -> bool + 'a;

/// For each image the adversarial one that was found, if one was.
pub type Found = Vec<Option<Vec<f32>>>;

impl Attack {
    /// Its name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApgdCe => "apgd-ce",
            Self::ApgdT => "apgd-t",
            Self::FabT => "fab-t",
            Self::Square => "square",
        }
    }

    /// Steps of which [`run`](Self::run) tells, for a network with so many classes.
    pub fn steps(self, effort: &Effort, classes: usize) -> usize {
        match self {
            Self::ApgdCe => effort.steps,
            Self::ApgdT | Self::FabT => effort.steps * TARGETS.min(classes - 1),
            Self::Square => effort.queries,
        }
    }

    /// Attacks images that are classified rightly. Where `watch` ends it, what was found is given.
    ///
    /// # Errors
    ///
    /// The errors of the network.
    pub fn run(
        self,
        network: &dyn Classifier,
        examples: &[&Example],
        ball: Ball,
        effort: &Effort,
        watch: &mut Watch<'_>,
    ) -> Result<Found> {
        let Effort { steps, queries, seed } = *effort;
        match self {
            Self::ApgdCe => {
                let loss = |example: &Example| Loss::CrossEntropy { label: example.label };
                let losses: Vec<Loss> = examples.iter().copied().map(loss).collect();
                let mut rngs = self.draws(examples, seed, 0);
                apgd::attack(network, examples, &losses, ball, steps, &mut rngs, watch)
            }
            Self::ApgdT => each_target(network, examples, steps, watch, |turn, some, to, watch| {
                let loss = |(example, &target): (&&Example, _)| Loss::TargetedDlr {
                    label: example.label,
                    target,
                };
                let losses: Vec<Loss> = some.iter().zip(to).map(loss).collect();
                let mut rngs = self.draws(some, seed, turn);
                apgd::attack(network, some, &losses, ball, steps, &mut rngs, watch)
            }),
            Self::FabT => each_target(network, examples, steps, watch, |_, some, to, watch| {
                fab::attack(network, some, to, ball, steps, watch)
            }),
            Self::Square => {
                let rngs = self.draws(examples, seed, 0);
                square::attack(network, examples, ball, queries, rngs, watch)
            }
        }
    }

    /// A source of randomness for every image.
    fn draws(self, examples: &[&Example], seed: u64, turn: usize) -> Vec<ChaCha8Rng> {
        let of_example = |example: &&Example| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let turn = (self as u64) * (1 + TARGETS as u64) + turn as u64;
            rng.set_stream(example.index as u64 * STREAMS + turn);
            rng
        };
        examples.iter().map(of_example).collect()
    }
}

/// Attacks towards the classes nearest to each image's own by its clean logits, one after another,
/// each time the images that no class before has been reached from.
fn each_target(
    network: &dyn Classifier,
    examples: &[&Example],
    steps: usize,
    watch: &mut Watch<'_>,
    mut attack: impl FnMut(usize, &[&Example], &[usize], &mut Watch<'_>) -> Result<Found>,
) -> Result<Found> {
    let pixels: Vec<&[f32]> = examples.iter().map(|example| &*example.pixels).collect();
    let logits = network.logits(&pixels)?;
    let ranked = examples.iter().zip(&logits).map(|(example, logits)| {
        let mut others = ranking(logits);
        others.retain(|&class| class != example.label);
        others
    });
    let ranked: Vec<Vec<usize>> = ranked.collect();
    let turns = ranked.first().map_or(0, Vec::len).min(TARGETS);
    let mut found: Found = vec![None; examples.len()];
    let targets = (0..turns).map(|turn| ranked.iter().map(|others| others[turn]).collect());
    for (turn, targets) in targets.collect::<Vec<Vec<usize>>>().iter().enumerate() {
        let left: Vec<usize> = (0..found.len()).filter(|&i| found[i].is_none()).collect();
        let (some, targets): (Vec<&Example>, Vec<usize>) =
            left.iter().map(|&i| (examples[i], targets[i])).unzip();
        let mut goes_on = true;
        let mut watch = |step: usize| {
            goes_on = watch(turn * steps + step);
            goes_on
        };
        for (i, adversarial) in left.into_iter().zip(attack(turn, &some, &targets, &mut watch)?) {
            found[i] = adversarial;
        }
        if !goes_on {
            break;
        }
    }
    Ok(found)
}

/// Whether an image of this class is called another by these logits.
fn is_fooled(logits: &[f32], label: usize) -> bool {
    largest(logits) != label
}
