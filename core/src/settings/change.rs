//! What a photo can be changed towards, and how far; what needs no engine.

use serde::{Deserialize, Serialize};

use crate::settings::{Constraint, PgdSettings, Solver};

/// Side of the images that the authors' settings are for, in pixels.
const AUTHORS_SIZE: f32 = 224.0;

/// How many radii of [`radii`] there are.
pub const RADII: usize = 6;

/// Most coordinates that are added to a photo one after another.
pub const MOST_ADDED: usize = 4;

/// Radii of a collision, in the l2 norm.
pub const COLLIDE_EPSILONS: std::ops::RangeInclusive<f32> = 0.1..=100.0;

/// What a photo is changed towards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Goal {
    /// The largest value of a coordinate of the representation, equation (4).
    Feature(usize),
    /// A class: the least cross-entropy of it.
    Class(usize),
    /// Coordinates that reach 1, one after another, equation (7).
    Add(Vec<usize>),
    /// Another photo's representation within a small radius, equations (1) and (2).
    Collide {
        /// The radius, in the l2 norm.
        epsilon: f32,
    },
}

impl Goal {
    /// How images of `size` pixels are changed towards it. `authors`: as the authors do it; else
    /// by the fastest way, where theirs shows nothing that it does not.
    pub fn settings(&self, size: usize, authors: bool) -> PgdSettings {
        match self {
            Goal::Feature(_) | Goal::Class(_) if authors => visualise_settings(size),
            Goal::Feature(_) | Goal::Class(_) => synthesis_settings(size),
            Goal::Add(_) if authors => add_settings(size),
            Goal::Add(_) => quick_add_settings(size),
            Goal::Collide { epsilon } => attack_settings(*epsilon, 100),
        }
    }

    /// Steps of the whole, at most: as many for images of any size.
    pub fn steps(&self, authors: bool) -> usize {
        let steps = self.settings(AUTHORS_SIZE as usize, authors).steps;
        match self {
            Goal::Add(features) => steps * features.len(),
            _ => steps,
        }
    }
}

/// The authors' l2 settings, brought from 224 pixels to `size`: lengths grow with the side.
pub(super) const fn authors(
    epsilon: f32,
    step_size: f32,
    steps: usize,
    size: usize,
) -> PgdSettings {
    let share = size as f32 / AUTHORS_SIZE;
    PgdSettings::plain(Constraint::L2 { epsilon: epsilon * share }, step_size * share, steps)
}

/// Equation (4): what maximises a feature, from noise or an image.
pub const fn visualise_settings(size: usize) -> PgdSettings {
    authors(1000.0, 1.0, 200, size)
}

/// The same in a third of the steps: within the radius where the authors' steps end, since faster
/// ones would go on to saturated colours.
pub const fn synthesis_settings(size: usize) -> PgdSettings {
    let plain = authors(84.0, 0.0, 60, size);
    PgdSettings { solver: Solver::Lbfgs, step_size: 1.0, ..plain }
}

/// Equation (8): a feature magnified in the image that it explains.
pub const fn explain_settings(size: usize) -> PgdSettings {
    authors(40.0, 1.0, 60, size)
}

/// Equation (7): a feature added to an image, little by little.
pub const fn add_settings(size: usize) -> PgdSettings {
    authors(1000.0, 0.1, 800, size)
}

/// The same way in 3.5 times as long steps, and so fewer.
pub const fn quick_add_settings(size: usize) -> PgdSettings {
    authors(1000.0, 0.35, 230, size)
}

/// How far a photo of `size` pixels may be changed, in the l2 norm, to become another class or another
/// photo to a network: every radius is twice the one before. They grow with the side as distances between
/// photos do, rounded to powers of two so that they are easy to read.
pub fn radii(size: usize) -> [f32; RADII] {
    let least = 0.25 * (size as f32 / 64.0).log2().round().exp2();
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0].map(|times| times * least)
}

/// An attack within `epsilon` in the l2 norm whose steps could cross the ball.
pub const fn attack_settings(epsilon: f32, steps: usize) -> PgdSettings {
    PgdSettings::plain(Constraint::L2 { epsilon }, 2.5 * epsilon / steps as f32, steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_grow_with_the_side() {
        assert_eq!(radii(64), [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]);
        assert_eq!([32, 96, 128, 224].map(|size| radii(size)[0]), [0.125, 0.5, 0.5, 1.0]);
        assert!(radii(224).iter().all(|radius| COLLIDE_EPSILONS.contains(radius)));
    }
}
