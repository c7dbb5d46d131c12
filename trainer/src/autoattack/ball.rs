//! The set that adversarial images are held to, in plain loops.

use clap::ValueEnum;
use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};
use robust_core::settings::Constraint;
use serde::{Deserialize, Serialize};

/// Rounding that an image may be off its ball by, as a share of the radius.
const ROUNDING: f64 = 1e-4;

/// The norms an adversary can be held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Length over the whole image
    #[serde(alias = "L2")]
    L2,
    /// Largest change of one value
    #[serde(alias = "Linf")]
    Linf,
}

impl Norm {
    /// Its name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L2 => "l2",
            Self::Linf => "linf",
        }
    }

    /// The ball of this norm as a constraint of PGD.
    pub const fn within(self, epsilon: f32) -> Constraint {
        match self {
            Self::L2 => Constraint::L2 { epsilon },
            Self::Linf => Constraint::Linf { epsilon },
        }
    }

    /// How long a change is.
    pub fn length(self, change: impl Iterator<Item = f32>) -> f64 {
        let values = change.map(f64::from);
        match self {
            Self::L2 => values.map(|v| v * v).sum::<f64>().sqrt(),
            Self::Linf => values.map(f64::abs).fold(0.0, f64::max),
        }
    }

    /// How far apart two images are.
    pub fn distance(self, a: &[f32], b: &[f32]) -> f64 {
        self.length(a.iter().zip(b).map(|(a, b)| a - b))
    }

    /// The change of length 1 that a loss rises by most, given its gradient; none where that is zero.
    pub fn steepest(self, gradient: &[f32]) -> Vec<f32> {
        match self {
            Self::L2 => {
                let length = self.length(gradient.iter().copied()).max(1e-12) as f32;
                gradient.iter().map(|v| v / length).collect()
            }
            Self::Linf => {
                let sign = |&v: &f32| if v == 0.0 { 0.0 } else { v.signum() };
                gradient.iter().map(sign).collect()
            }
        }
    }
}

/// All images in [0, 1] at most `eps` from a centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    /// How distance is measured.
    pub norm: Norm,
    /// The radius.
    pub eps: f32,
}

impl Ball {
    /// Brings `x` first into the ball around `centre`, then into [0, 1].
    pub fn project(self, x: &mut [f32], centre: &[f32]) {
        let factor = match self.norm {
            Norm::L2 => (f64::from(self.eps) / self.norm.distance(x, centre).max(1e-12)).min(1.0),
            Norm::Linf => 1.0,
        } as f32;
        for (x, &centre) in x.iter_mut().zip(centre) {
            let change = match self.norm {
                Norm::L2 => (*x - centre) * factor,
                Norm::Linf => (*x - centre).clamp(-self.eps, self.eps),
            };
            *x = (centre + change).clamp(0.0, 1.0);
        }
    }

    /// A random image at the ball's surface, clamped to [0, 1]: a random direction in l2; in linf
    /// uniform values, of which the largest is as large as can be.
    pub fn start(self, centre: &[f32], rng: &mut impl Rng) -> Vec<f32> {
        let draw = |_: &f32| match self.norm {
            Norm::L2 => StandardNormal.sample(rng),
            Norm::Linf => rng.random_range(-1.0..=1.0),
        };
        let change: Vec<f32> = centre.iter().map(draw).collect();
        let length = self.norm.length(change.iter().copied()).max(1e-12);
        let factor = (f64::from(self.eps) / length) as f32;
        let moved = centre.iter().zip(change).map(|(c, v)| (c + v * factor).clamp(0.0, 1.0));
        moved.collect()
    }

    /// Whether an image lies in the set, but for rounding.
    pub fn contains(self, x: &[f32], centre: &[f32]) -> bool {
        let inside = x.iter().all(|v| (0.0..=1.0).contains(v));
        inside && self.norm.distance(x, centre) <= f64::from(self.eps) * (1.0 + ROUNDING)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_projected_image_lies_in_the_set_and_one_inside_stays() {
        let centre = [0.5, 0.02, 0.9];
        for norm in [Norm::L2, Norm::Linf] {
            let ball = Ball { norm, eps: 0.3 };
            let mut far = [0.9, -4.0, 2.0];
            assert!(!ball.contains(&far, &centre));
            ball.project(&mut far, &centre);
            assert!(ball.contains(&far, &centre), "{norm:?}: {far:?}");
            let mut inside = [0.6, 0.1, 0.8];
            ball.project(&mut inside, &centre);
            assert!(
                inside.iter().zip([0.6, 0.1, 0.8]).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6)
            );
        }
    }

    #[test]
    fn a_start_lies_at_the_surface() {
        let centre = vec![0.5; 300];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for norm in [Norm::L2, Norm::Linf] {
            let ball = Ball { norm, eps: 0.25 };
            let start = ball.start(&centre, &mut rng);
            assert!((norm.distance(&start, &centre) - 0.25).abs() < 1e-4);
            assert!(ball.contains(&start, &centre));
        }
    }

    #[test]
    fn the_steepest_change_has_length_one() {
        let gradient = [3.0, 0.0, -4.0];
        assert_eq!(Norm::L2.steepest(&gradient), [0.6, 0.0, -0.8]);
        assert_eq!(Norm::Linf.steepest(&gradient), [1.0, 0.0, -1.0]);
        assert_eq!(Norm::L2.steepest(&[0.0; 2]), [0.0; 2]);
    }
}
