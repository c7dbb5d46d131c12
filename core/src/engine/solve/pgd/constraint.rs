//! Steps in, projections onto, and draws from the sets that images are held to: all that there is
//! to a constraint, beside its entry and its checks in `settings`.

use burn::tensor::{Distribution, Tensor};

use crate::settings::Constraint;

/// Keeps a step finite where the gradient is zero, as the authors do.
const TINY: f32 = 1e-10;

/// l2 norm of each image, `[batch, 1, 1, 1]`.
pub(super) fn image_norm(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let rows = x.reshape([batch, channels * height * width]);
    rows.powi_scalar(2).sum_dim(1).sqrt().reshape([batch, 1, 1, 1])
}

impl Constraint {
    /// `x` moved along `direction` (the gradient, or its negative to descend).
    pub(super) fn step(self, x: Tensor<4>, direction: Tensor<4>, step_size: f32) -> Tensor<4> {
        match self {
            Constraint::L2 { .. } => {
                let length = image_norm(direction.clone()) + TINY;
                x + direction / length * step_size
            }
            Constraint::Linf { .. } => x + direction.sign() * step_size,
            Constraint::Box => x + direction * step_size,
        }
    }

    /// The set's image near `x`: first into the ball around `centre`, then into [0, 1].
    pub(super) fn project(self, x: Tensor<4>, centre: Tensor<4>) -> Tensor<4> {
        let within = match self {
            Constraint::L2 { epsilon } => {
                let change = x - centre.clone();
                let length = image_norm(change.clone()).clamp_min(epsilon);
                centre + change * (length.recip() * epsilon)
            }
            Constraint::Linf { epsilon } => {
                let change = x - centre.clone();
                centre + change.clamp(-epsilon, epsilon)
            }
            Constraint::Box => x,
        };
        within.clamp(0.0, 1.0)
    }
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
