//! An objective that leaves most of an image as it is.

use burn::tensor::Tensor;

use super::{Direction, Objective};
use crate::engine::network::{LastRelu, Output};
use crate::settings::paint::KeepWeights;

/// Another objective, and the mean square of how far pixels that should stay have moved (Santurkar
/// et al. 2019: inpainting, and painting with a feature): `w · L ± v · mean(((x - x0) keep)²)`, with
/// the sign that makes moving them worse. The mean is over all values of an image.
#[derive(Clone, Debug)]
pub struct Keep<O> {
    objective: O,
    original: Tensor<4>,
    keep: Tensor<4>,
    weights: KeepWeights,
}

impl<O: Objective> Keep<O> {
    /// `original` is `[batch, 3, height, width]`; `keep` is 1 where it should stay and 0 where it may
    /// change, `[1, 1, height, width]`.
    pub fn new(objective: O, original: Tensor<4>, keep: Tensor<4>, weights: KeepWeights) -> Self {
        Self { objective, original, keep, weights }
    }
}

impl<O: Objective> Objective for Keep<O> {
    fn loss(&self, output: &Output) -> Tensor<1> {
        self.objective.loss(output) * self.weights.objective
    }

    fn of_images(&self, x: &Tensor<4>) -> Option<Tensor<1>> {
        let moved = (x.clone() - self.original.clone()) * self.keep.clone();
        let [batch, channels, height, width] = moved.dims();
        let squares = moved.powi_scalar(2).reshape([batch, channels * height * width]);
        let sign = match self.direction() {
            Direction::Minimise => 1.0,
            Direction::Maximise => -1.0,
        };
        Some(squares.mean_dim(1).squeeze_dim::<1>(1) * (sign * self.weights.change))
    }

    fn direction(&self) -> Direction {
        self.objective.direction()
    }

    fn last_relu(&self) -> LastRelu {
        self.objective.last_relu()
    }
}
