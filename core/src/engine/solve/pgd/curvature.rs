//! What solvers that learn the objective's curvature look at. Every image of a batch has a memory
//! of its own; nothing is read back from the device.

use burn::tensor::{Bool, Tensor};

use super::solver::{EDGE, Moment, TINY};

/// A change of gradient along a step is curvature only above this cosine.
const LEAST_COSINE: f32 = 1e-4;

/// Images and gradients as rows, `[batch, 1, values]`.
pub(super) struct Point {
    pub x: Tensor<3>,
    pub gradient: Tensor<3>,
    /// Length of a first step along the gradient, per unit of it, `[batch, 1, 1]`.
    pub first: Tensor<3>,
}

impl Point {
    /// A distance f is replaced by f²/2, which is smooth where f is 0; its gradient is f times that
    /// of f. The first step then is Polyak's, to where the linearised f is 0; of any other
    /// objective, whose least value is unknown, a plain step's length.
    pub fn of(at: &Moment) -> Self {
        let [batch, channels, height, width] = at.x.dims();
        let rows = |x: &Tensor<4>| x.clone().reshape([batch, 1, channels * height * width]);
        let (x, gradient) = (rows(&at.x), rows(&at.gradient));
        let squared = dot(&gradient, &gradient);
        if at.distance {
            let loss = at.loss.clone().reshape([batch, 1, 1]);
            return Self { x, gradient: gradient * loss, first: (squared + TINY).recip() };
        }
        let first = (squared.sqrt() + TINY).recip() * at.step_size;
        Self { x, gradient, first }
    }

    /// Where an image touches an end of [0, 1] and would step beyond it: 0; elsewhere 1.
    pub fn free(&self) -> Tensor<3> {
        let dark = self.x.clone().lower_equal_elem(2.0 * EDGE);
        let bright = self.x.clone().greater_equal_elem(1.0 - 2.0 * EDGE);
        let darker = self.gradient.clone().greater_elem(0.0);
        let brighter = self.gradient.clone().lower_elem(0.0);
        let bound = dark.bool_and(darker).bool_or(bright.bool_and(brighter));
        bound.bool_not().float()
    }
}

/// The step from one point to the next, and what it changed of the gradient, `[batch, 1, values]`.
pub(super) struct Pair {
    pub step: Tensor<3>,
    pub change: Tensor<3>,
}

impl Pair {
    pub fn between(before: &Point, now: &Point) -> Self {
        Self {
            step: now.x.clone() - before.x.clone(),
            change: now.gradient.clone() - before.gradient.clone(),
        }
    }

    /// Lengths of step and change multiplied, `[batch, 1, 1]`.
    pub fn lengths(&self) -> Tensor<3> {
        (dot(&self.step, &self.step) * dot(&self.change, &self.change)).sqrt()
    }
}

/// Of products of steps and their changes, and of their lengths: where a pair shows upward
/// curvature, and the products with 1 elsewhere, so that quotients are finite.
pub(super) fn upward(along: Tensor<3>, lengths: Tensor<3>) -> (Tensor<3, Bool>, Tensor<3>) {
    let upward = along.clone().greater(lengths * LEAST_COSINE + TINY);
    let safe = along.mask_fill(upward.clone().bool_not(), 1.0);
    (upward, safe)
}

/// Sums of products, row by row.
pub(super) fn dot(a: &Tensor<3>, b: &Tensor<3>) -> Tensor<3> {
    (a.clone() * b.clone()).sum_dim(2)
}

/// Longest step against a plain one.
const REACH: f32 = 8.0;

/// The images against `direction`, at most [`REACH`] plain steps far.
pub(super) fn moved(at: Moment, direction: Tensor<3>) -> Tensor<4> {
    let length = dot(&direction, &direction).sqrt() + TINY;
    let step = direction * (length.recip() * (REACH * at.step_size)).clamp_max(1.0);
    let dims = at.x.dims();
    at.x - step.reshape(dims)
}
