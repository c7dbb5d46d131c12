//! How a step is made out of gradients: the authors' way and faster ones.
//!
//! All of them descend on the same objective within the same constraint. What differs is the
//! direction and length of a step; the projection afterwards is [`Constraint::project`].

use burn::tensor::Tensor;

use super::barzilai_borwein::BarzilaiBorwein;
use super::lbfgs::Lbfgs;
use crate::constraint::{Constraint, image_norm};
use crate::settings::Solver;

/// How much longer than a plain step the first one of a shrinking schedule is.
const DECAY: f32 = 4.0;

/// The same with momentum, whose direction averages over many gradients and so is shorter.
const MOMENTUM: f32 = 16.0;

/// Share of the past in a momentum.
const BETA: f32 = 0.9;

/// Share of the past in Adam's mean of squares.
const BETA_SQUARES: f32 = 0.99;

/// Length of Adam's first steps against plain ones, if all pixels moved alike.
const ADAM: f32 = 6.0;

/// Keeps a quotient finite.
pub(super) const TINY: f32 = 1e-12;

/// How far solvers other than plain PGD keep off 0 and 1, where an image has no gradient and
/// would stay for good.
pub(super) const EDGE: f32 = 1e-5;

/// What a step starts from.
pub(super) struct Moment {
    /// The images, `[batch, 3, height, width]`.
    pub x: Tensor<4>,
    /// Gradient of each image's own loss, upward where the loss is to be minimised and downward
    /// where it is to be maximised: what to walk against.
    pub gradient: Tensor<4>,
    /// Loss of each image, `[batch]`.
    pub loss: Tensor<1>,
    /// Whether the loss is a distance: then its least value is 0.
    pub distance: bool,
    /// Length of a plain step.
    pub step_size: f32,
    /// Steps done, as a share of all.
    pub share: f32,
    /// What the images are held to.
    pub constraint: Constraint,
}

/// What a solver remembers from one step to the next.
#[allow(clippy::large_enum_variant, reason = "a run has one")]
pub(super) enum Memory {
    Plain,
    Decay,
    Coarse,
    Momentum(Option<Tensor<4>>),
    Adam(Option<(Tensor<4>, Tensor<4>)>, i32),
    BarzilaiBorwein(BarzilaiBorwein),
    Lbfgs(Lbfgs),
}

impl Memory {
    pub fn new(solver: Solver) -> Self {
        match solver {
            Solver::Plain => Memory::Plain,
            Solver::Decay => Memory::Decay,
            Solver::Coarse => Memory::Coarse,
            Solver::Momentum => Memory::Momentum(None),
            Solver::Adam => Memory::Adam(None, 0),
            Solver::BarzilaiBorwein => Memory::BarzilaiBorwein(BarzilaiBorwein::default()),
            Solver::Lbfgs => Memory::Lbfgs(Lbfgs::default()),
        }
    }

    /// The images after a step, before they are projected.
    pub fn step(&mut self, at: Moment) -> Tensor<4> {
        let step_size = at.step_size;
        match self {
            Memory::Plain => at.constraint.step(at.x, -at.gradient, step_size),
            Memory::Decay => at.x - unit(at.gradient) * (DECAY * step_size * falling(at.share)),
            Memory::Coarse => {
                let shaped = coarse(at.gradient);
                at.x - unit(shaped) * (DECAY * step_size * falling(at.share))
            }
            Memory::Momentum(velocity) => {
                let newest = unit(at.gradient) * (1.0 - BETA);
                let next = match velocity.take() {
                    Some(velocity) => velocity * BETA + newest,
                    None => newest,
                };
                *velocity = Some(next.clone());
                at.x - next * (MOMENTUM * step_size * falling(at.share))
            }
            Memory::Adam(means, steps) => {
                *steps += 1;
                let direction = adam(means, *steps, unit(at.gradient));
                let [_, channels, height, width] = at.x.dims();
                let values = (channels * height * width) as f32;
                at.x - direction * (ADAM * step_size / values.sqrt() * falling(at.share))
            }
            Memory::BarzilaiBorwein(memory) => memory.step(at),
            Memory::Lbfgs(memory) => memory.step(at),
        }
    }

    /// Off the ends of [0, 1], but for plain PGD, which does as the authors do.
    pub fn interior(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Memory::Plain => x,
            _ => x.clamp(EDGE, 1.0 - EDGE),
        }
    }
}

fn unit(gradient: Tensor<4>) -> Tensor<4> {
    let length = image_norm(gradient.clone()) + TINY;
    gradient / length
}

/// From 1 to 0 along half a cosine.
fn falling(share: f32) -> f32 {
    0.5 + 0.5 * (std::f32::consts::PI * share.min(1.0)).cos()
}

fn adam(means: &mut Option<(Tensor<4>, Tensor<4>)>, steps: i32, gradient: Tensor<4>) -> Tensor<4> {
    let newest = gradient.clone() * (1.0 - BETA);
    let squares = gradient.powi_scalar(2) * (1.0 - BETA_SQUARES);
    let (mean, square) = match means.take() {
        Some((mean, square)) => (mean * BETA + newest, square * BETA_SQUARES + squares),
        None => (newest, squares),
    };
    *means = Some((mean.clone(), square.clone()));
    let corrected = square / (1.0 - BETA_SQUARES.powi(steps));
    mean / (1.0 - BETA.powi(steps)) / (corrected.sqrt() + 1e-8)
}

/// The gradient plus its averages over squares of 2, 4 and 8 pixels: a step that moves large
/// shapes more than fine ones. Sides that these do not divide are left as they are.
fn coarse(gradient: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = gradient.dims();
    let mut sum = gradient.clone();
    for side in [2, 4, 8] {
        if height % side != 0 || width % side != 0 {
            break;
        }
        let squares: Tensor<6> =
            gradient.clone().reshape([batch, channels, height / side, side, width / side, side]);
        let dims = squares.dims();
        let average = squares.mean_dim(3).mean_dim(5).expand(dims);
        sum = sum + average.reshape([batch, channels, height, width]);
    }
    sum
}
