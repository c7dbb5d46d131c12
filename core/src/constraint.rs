//! What images are held to: all that a constraint is, from its name to its steps, its projection and
//! its random starts.
//!
//! The mathematics stands here twice, side by side: as operations on a batch of tensors, and as loops
//! that pass once over an image in memory, for those who attack without tensors. A test compares them.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

#[cfg(feature = "engine")]
pub(crate) use tensors::image_norm;

/// Keeps a step finite where the gradient is zero, as the authors do.
const TINY: f32 = 1e-10;

/// The same for a random direction.
const TINY_DRAW: f32 = 1e-12;

/// Where a constrained image may go: the set around its centre.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Constraint {
    /// At most epsilon away in the l2 norm over the whole image.
    L2 {
        /// Radius of the ball.
        epsilon: f32,
    },
    /// At most epsilon away in every value.
    Linf {
        /// Largest change of one value.
        epsilon: f32,
    },
    /// Any image in [0, 1].
    Box,
}

impl Constraint {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L2 { .. } => "l2",
            Self::Linf { .. } => "linf",
            Self::Box => "box",
        }
    }

    /// Its radius, if it is a ball.
    pub const fn epsilon(self) -> Option<f32> {
        match self {
            Self::L2 { epsilon } | Self::Linf { epsilon } => Some(epsilon),
            Self::Box => None,
        }
    }

    /// The ball of that name and radius, if there is one.
    pub fn ball(name: &str, epsilon: f32) -> Option<Self> {
        let balls = [Self::L2 { epsilon }, Self::Linf { epsilon }];
        balls.into_iter().find(|ball| ball.name() == name)
    }

    /// One image after a step of `length` along `direction` (see `step`) and back into the set around
    /// `centre` (see `project`), in place.
    pub fn step_image(self, x: &mut [f32], direction: &[f32], length: f32, centre: &[f32]) {
        match self {
            Self::L2 { epsilon } => {
                let factor = length / (norm(direction.iter().copied()) + TINY);
                x.iter_mut().zip(direction).for_each(|(x, d)| *x += d * factor);
                let reach = norm(x.iter().zip(centre).map(|(x, c)| x - c)).max(epsilon);
                let factor = epsilon / reach;
                x.iter_mut().zip(centre).for_each(|(x, c)| *x = c + (*x - c) * factor);
            }
            Self::Linf { epsilon } => {
                for ((x, d), c) in x.iter_mut().zip(direction).zip(centre) {
                    let sign = if *d == 0.0 { 0.0 } else { d.signum() };
                    *x = c + (*x + sign * length - c).clamp(-epsilon, epsilon);
                }
            }
            Self::Box => x.iter_mut().zip(direction).for_each(|(x, d)| *x += d * length),
        }
        x.iter_mut().for_each(|x| *x = x.clamp(0.0, 1.0));
    }

    /// From the centre of the set, one image, to a random point of it (see `random_start`), in place.
    pub fn start_image(self, x: &mut [f32], rng: &mut impl Rng) {
        match self {
            Self::L2 { epsilon } => {
                let radius = epsilon * rng.random::<f32>();
                let direction: Vec<f32> = x.iter().map(|_| StandardNormal.sample(rng)).collect();
                let factor = radius / norm(direction.iter().copied()).max(TINY_DRAW);
                x.iter_mut().zip(&direction).for_each(|(x, d)| *x += d * factor);
            }
            Self::Linf { epsilon } => {
                x.iter_mut().for_each(|x| *x += epsilon * (2.0 * rng.random::<f32>() - 1.0));
            }
            Self::Box => {}
        }
        x.iter_mut().for_each(|x| *x = x.clamp(0.0, 1.0));
    }
}

/// l2 norm of an image in memory.
fn norm(values: impl Iterator<Item = f32>) -> f32 {
    values.map(|value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt() as f32
}

#[cfg(feature = "engine")]
mod tensors {
    use burn::tensor::{Distribution, Tensor};

    use super::{Constraint, TINY, TINY_DRAW};

    /// l2 norm of each image, `[batch, 1, 1, 1]`.
    pub fn image_norm(x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let rows = x.reshape([batch, channels * height * width]);
        rows.powi_scalar(2).sum_dim(1).sqrt().reshape([batch, 1, 1, 1])
    }

    impl Constraint {
        /// `x` moved along `direction` (the gradient, or its negative to descend).
        pub(crate) fn step(self, x: Tensor<4>, direction: Tensor<4>, step_size: f32) -> Tensor<4> {
            match self {
                Self::L2 { .. } => {
                    let length = image_norm(direction.clone()) + TINY;
                    x + direction / length * step_size
                }
                Self::Linf { .. } => x + direction.sign() * step_size,
                Self::Box => x + direction * step_size,
            }
        }

        /// The set's image near `x`: first into the ball around `centre`, then into [0, 1].
        pub(crate) fn project(self, x: Tensor<4>, centre: Tensor<4>) -> Tensor<4> {
            let within = match self {
                Self::L2 { epsilon } => {
                    let change = x - centre.clone();
                    let length = image_norm(change.clone()).clamp_min(epsilon);
                    centre + change * (length.recip() * epsilon)
                }
                Self::Linf { epsilon } => {
                    let change = x - centre.clone();
                    centre + change.clamp(-epsilon, epsilon)
                }
                Self::Box => x,
            };
            within.clamp(0.0, 1.0)
        }

        /// A random point of the set around `centre`, `[batch, 3, height, width]`, drawn from the
        /// device's own generator: in the l2 ball a random direction and a radius uniform in
        /// [0, epsilon], in the linf ball uniform in every value. Then clamped to [0, 1].
        pub fn random_start(self, centre: Tensor<4>) -> Tensor<4> {
            let device = centre.device();
            let (shape, [batch, ..]) = (centre.dims(), centre.dims());
            let change = match self {
                Self::L2 { epsilon } => {
                    let direction: Tensor<4> =
                        Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device);
                    let radius = Distribution::Uniform(0.0, f64::from(epsilon));
                    let radius: Tensor<4> = Tensor::random([batch, 1, 1, 1], radius, &device);
                    let length = image_norm(direction.clone()).clamp_min(TINY_DRAW);
                    direction * (radius / length)
                }
                Self::Linf { epsilon } => {
                    let within = Distribution::Uniform(-f64::from(epsilon), f64::from(epsilon));
                    Tensor::random(shape, within, &device)
                }
                Self::Box => return centre,
            };
            (centre + change).clamp(0.0, 1.0)
        }
    }
}

#[cfg(all(test, feature = "engine"))]
mod tests {
    use burn::tensor::{Device, Distribution, Tensor, TensorData};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const ALL: [Constraint; 3] =
        [Constraint::L2 { epsilon: 0.7 }, Constraint::Linf { epsilon: 0.05 }, Constraint::Box];

    fn random(batch: usize) -> Tensor<4> {
        let distribution = Distribution::Uniform(0.0, 1.0);
        Tensor::random([batch, 3, 8, 8], distribution, &Device::flex())
    }

    fn largest(x: Tensor<4>) -> f32 {
        x.abs().max().into_scalar::<f32>()
    }

    fn values(x: Tensor<4>) -> Vec<f32> {
        x.into_data().iter::<f32>().collect()
    }

    /// How far the change goes, where the set has a radius to go.
    fn length(constraint: Constraint, change: Tensor<4>) -> f32 {
        match constraint {
            Constraint::L2 { .. } => largest(image_norm(change)),
            Constraint::Linf { .. } => largest(change),
            Constraint::Box => 0.0,
        }
    }

    #[test]
    fn balls_go_by_their_names_and_files_stay_readable() {
        for constraint in ALL {
            let ball = constraint.epsilon().and_then(|e| Constraint::ball(constraint.name(), e));
            assert_eq!(ball, constraint.epsilon().map(|_| constraint));
        }
        assert_eq!(Constraint::ball("box", 1.0), None);
        let json = serde_json::to_string(&ALL).unwrap();
        assert_eq!(json, r#"[{"l2":{"epsilon":0.7}},{"linf":{"epsilon":0.05}},"box"]"#);
    }

    #[test]
    fn a_projected_point_lies_in_the_set_and_stays() {
        for constraint in ALL {
            let centre = random(4);
            let x = random(4) * 5.0 - 2.0;
            let once = constraint.project(x, centre.clone());
            let change = once.clone() - centre.clone();
            let epsilon = constraint.epsilon().unwrap_or_default();
            assert!(length(constraint, change) <= epsilon * 1.0001);
            assert!(largest(once.clone() - 0.5) <= 0.5);
            let twice = constraint.project(once.clone(), centre);
            assert!(largest(twice - once) < 1e-6, "{constraint:?} is not idempotent");
        }
    }

    #[test]
    fn a_step_has_the_length_that_was_asked_for() {
        let x = random(2);
        let direction = random(2) - 0.5;
        let l2 =
            Constraint::L2 { epsilon: 9.0 }.step(x.clone(), direction.clone(), 0.3) - x.clone();
        assert!(largest(image_norm(l2) - 0.3) < 1e-5);
        let linf = Constraint::Linf { epsilon: 9.0 }.step(x.clone(), direction, 0.3) - x.clone();
        assert!((largest(linf) - 0.3).abs() < 1e-5);
        let still = Constraint::L2 { epsilon: 9.0 }.step(x.clone(), x.zeros_like(), 0.3);
        assert_eq!(largest(still - x), 0.0);
    }

    #[test]
    fn an_image_in_memory_steps_as_a_tensor_does() {
        for constraint in ALL {
            // Short enough to stay inside the ball, long enough to leave it; and no direction at all.
            for (length, reach) in [(0.01, 1.0), (3.0, 1.0), (3.0, 0.0)] {
                let (centre, direction) = (random(1), (random(1) - 0.5) * reach);
                let x = constraint.random_start(centre.clone());
                let stepped = constraint.step(x.clone(), direction.clone(), length);
                let expected = values(constraint.project(stepped, centre.clone()));
                let mut found = values(x);
                constraint.step_image(&mut found, &values(direction), length, &values(centre));
                for (found, expected) in found.iter().zip(&expected) {
                    assert!((found - expected).abs() < 1e-5, "{constraint:?}, {length}");
                }
            }
        }
    }

    #[test]
    fn a_random_start_lies_in_the_set_and_off_its_centre() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for constraint in ALL {
            let centre = random(1) * 0.5 + 0.25;
            let mut x = values(centre.clone());
            constraint.start_image(&mut x, &mut rng);
            let in_memory = Tensor::from_data(TensorData::new(x, [1, 3, 8, 8]), &Device::flex());
            for start in [constraint.random_start(centre.clone()), in_memory] {
                let Some(epsilon) = constraint.epsilon() else {
                    assert_eq!(values(start), values(centre.clone()), "nothing to draw from");
                    continue;
                };
                let gone = length(constraint, start - centre.clone());
                assert!(gone > 0.0 && gone <= epsilon * 1.0001, "{constraint:?}: {gone}");
            }
        }
    }
}
