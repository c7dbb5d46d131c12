//! Steps in, and projections onto, the sets that images are held to.

use burn::tensor::Tensor;

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
