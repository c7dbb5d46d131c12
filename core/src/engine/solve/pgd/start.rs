//! Where a run can start at random.

use burn::tensor::{Distribution, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::constraint::image_norm;
use crate::image::Pixels;
use crate::settings::Constraint;

/// Noise to start from, `0.5 + N(0, 1) / 20` in every value, not clamped (the first projection
/// does that). The same seed gives the same image on every machine and backend; `index` tells the
/// images of one batch apart.
pub fn noise(size: usize, seed: u64, index: u64) -> Pixels {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    Pixels::from_fn(size, |_, _, _| {
        let normal: f32 = StandardNormal.sample(&mut rng);
        0.5 + normal / 20.0
    })
}

/// A random point of the constraint set around `centre`, `[batch, 3, height, width]`, drawn from
/// the device's own generator: in the l2 ball a random direction and a radius uniform in
/// [0, epsilon], in the linf ball uniform in every value. Then clamped to [0, 1].
pub fn random_start(centre: Tensor<4>, constraint: Constraint) -> Tensor<4> {
    let device = centre.device();
    let (shape, [batch, ..]) = (centre.dims(), centre.dims());
    let change = match constraint {
        Constraint::L2 { epsilon } => {
            let direction: Tensor<4> =
                Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device);
            let radius = Distribution::Uniform(0.0, f64::from(epsilon));
            let radius: Tensor<4> = Tensor::random([batch, 1, 1, 1], radius, &device);
            let length = image_norm(direction.clone()).clamp_min(1e-12);
            direction * (radius / length)
        }
        Constraint::Linf { epsilon } => {
            let within = Distribution::Uniform(-f64::from(epsilon), f64::from(epsilon));
            Tensor::random(shape, within, &device)
        }
        Constraint::Box => return centre,
    };
    (centre + change).clamp(0.0, 1.0)
}
