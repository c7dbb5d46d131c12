//! Steps that learn the objective's curvature from the steps before: l-BFGS and its one-pair
//! relative by Barzilai and Borwein. Every image of a batch has a memory of its own; nothing is
//! read back from the device.

use std::collections::VecDeque;

use burn::tensor::{Bool, Tensor};

use super::smoothing::Smoothing;
use super::solver::{Moment, TINY, free};

/// Pairs of steps and gradient changes that are remembered. More gained nothing (docs/SOLVERS.md).
const PAIRS: usize = 5;

/// Longest step against a plain one.
const REACH: f32 = 8.0;

/// A change of gradient along a step is curvature only above this cosine.
const LEAST_COSINE: f32 = 1e-4;

/// Images and gradients as rows `[batch, values]`.
struct Point {
    x: Tensor<2>,
    gradient: Tensor<2>,
    /// Length of a first step along the gradient, per unit of it, `[batch, 1]`.
    first: Tensor<2>,
}

impl Point {
    /// A distance f is replaced by f²/2, which is smooth where f is 0; its gradient is f times that
    /// of f. The first step then is Polyak's, to where the linearised f is 0; of any other
    /// objective, whose least value is unknown, a plain step's length.
    fn of(at: &Moment) -> Self {
        let [batch, channels, height, width] = at.x.dims();
        let rows = |x: &Tensor<4>| x.clone().reshape([batch, channels * height * width]);
        let (x, gradient) = (rows(&at.x), rows(&at.gradient));
        let squared = dot(&gradient, &gradient);
        if at.distance {
            let loss = at.loss.clone().reshape([batch, 1]);
            return Self { x, gradient: gradient * loss, first: (squared + TINY).recip() };
        }
        let first = (squared.sqrt() + TINY).recip() * at.step_size;
        Self { x, gradient, first }
    }
}

/// One step and what it changed.
struct Pair {
    step: Tensor<2>,
    change: Tensor<2>,
}

/// A pair as seen from where the images are free to move.
struct Curvature {
    /// `step·change`, or 1 where the pair shows no upward curvature, `[batch, 1]`.
    along: Tensor<2>,
    /// `1 / step·change`, or 0 where the pair shows no upward curvature, `[batch, 1]`.
    inverse: Tensor<2>,
    /// Whether it does.
    upward: Tensor<2, Bool>,
    /// `step·change / change·change`.
    scale: Tensor<2>,
    /// `step·step / step·change`.
    long_scale: Tensor<2>,
}

impl Pair {
    fn between(before: &Point, now: &Point) -> Self {
        Self {
            step: now.x.clone() - before.x.clone(),
            change: now.gradient.clone() - before.gradient.clone(),
        }
    }

    fn curvature(&self, free: &Tensor<2>) -> Curvature {
        let (step, change) = (self.step.clone() * free.clone(), self.change.clone() * free.clone());
        let along = dot(&step, &change);
        let (steps, changes) = (dot(&step, &step), dot(&change, &change));
        let least = (steps.clone() * changes.clone()).sqrt() * LEAST_COSINE + TINY;
        let upward = along.clone().greater(least);
        let known = upward.clone().float();
        // Where it is unknown the quotients are 1 / 1 times 0, never infinite.
        let safe = along.mask_fill(upward.clone().bool_not(), 1.0);
        Curvature {
            inverse: safe.clone().recip() * known,
            scale: safe.clone() / (changes + TINY),
            long_scale: steps / safe.clone(),
            along: safe,
            upward,
        }
    }
}

/// Limited-memory BFGS on the pixels that are free to move, without a line search: a step is the
/// quasi-Newton one, at most [`REACH`] plain steps long. What no pair has shown is taken to curve
/// less for large shapes than for fine ones ([`Smoothing`]).
#[derive(Default)]
pub(super) struct Lbfgs {
    pairs: VecDeque<Pair>,
    before: Option<Point>,
    smoothing: Option<Smoothing>,
}

impl Lbfgs {
    pub fn step(&mut self, at: Moment) -> Tensor<4> {
        let now = Point::of(&at);
        if let Some(before) = &self.before {
            self.pairs.push_back(Pair::between(before, &now));
            if self.pairs.len() > PAIRS {
                self.pairs.pop_front();
            }
        }
        let free = free(&now.x, &now.gradient);
        let [.., side] = at.x.dims();
        let smoothing =
            self.smoothing.get_or_insert_with(|| Smoothing::new(side, &at.x.device())).clone();
        let direction = self.direction(&now, &free, &smoothing);
        self.before = Some(now);
        moved(at.x, direction, REACH * at.step_size)
    }

    /// The inverse curvature times the gradient, by the usual two loops.
    fn direction(&self, now: &Point, free: &Tensor<2>, smoothing: &Smoothing) -> Tensor<2> {
        let gradient = now.gradient.clone() * free.clone();
        let mut q = gradient.clone();
        let seen: Vec<Curvature> = self.pairs.iter().map(|pair| pair.curvature(free)).collect();
        let mut shares = Vec::with_capacity(seen.len());
        for (pair, curvature) in self.pairs.iter().zip(&seen).rev() {
            let share = dot(&pair.step, &q) * curvature.inverse.clone();
            q = (q - pair.change.clone() * share.clone()) * free.clone();
            shares.push(share);
        }

        let smooth = |rows: &Tensor<2>| dot(rows, &smoothing.apply(rows.clone())) + TINY;
        let mut scale = now.first.clone() * (dot(&gradient, &gradient) / smooth(&gradient));
        if let (Some(pair), Some(newest)) = (self.pairs.back(), seen.last()) {
            let curved = newest.along.clone() / smooth(&(pair.change.clone() * free.clone()));
            scale = scale.mask_where(newest.upward.clone(), curved);
        }
        q = smoothing.apply(q) * free.clone() * scale;

        for ((pair, curvature), share) in self.pairs.iter().zip(&seen).zip(shares.into_iter().rev())
        {
            let back = dot(&pair.change, &q) * curvature.inverse.clone();
            let missing = (share - back) * curvature.upward.clone().float();
            q = (q + pair.step.clone() * missing) * free.clone();
        }
        q
    }
}

/// Gradient steps whose length is what the last step showed of the curvature, its shorter and its
/// longer estimate in turn.
#[derive(Default)]
pub(super) struct BarzilaiBorwein {
    before: Option<Point>,
    long: bool,
}

impl BarzilaiBorwein {
    pub fn step(&mut self, at: Moment) -> Tensor<4> {
        let now = Point::of(&at);
        let free = free(&now.x, &now.gradient);
        let mut scale = now.first.clone();
        if let Some(before) = &self.before {
            let seen = Pair::between(before, &now).curvature(&free);
            let length = if self.long { seen.long_scale } else { seen.scale };
            scale = scale.mask_where(seen.upward, length);
        }
        let direction = now.gradient.clone() * scale * free;
        self.before = Some(now);
        self.long = !self.long;
        moved(at.x, direction, REACH * at.step_size)
    }
}

/// `x` against `direction`, no farther than `reach`.
fn moved(x: Tensor<4>, direction: Tensor<2>, reach: f32) -> Tensor<4> {
    let length = dot(&direction, &direction).sqrt() + TINY;
    let step = direction * (length.recip() * reach).clamp_max(1.0);
    let dims = x.dims();
    x - step.reshape(dims)
}

/// Sums of products, row by row, `[batch, 1]`.
fn dot(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    (a.clone() * b.clone()).sum_dim(1)
}
