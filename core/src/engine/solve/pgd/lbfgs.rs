//! Steps that learn the objective's curvature from the steps before.

use burn::tensor::Tensor;

use super::curvature::{Pair, Point, dot, moved, upward};
use super::smoothing::Smoothing;
use super::solver::{Moment, TINY};
use crate::engine::kernels::products::products;

/// Pairs of steps and gradient changes that are remembered of a distance, which is a sum of squares
/// with a least value (docs/SOLVERS.md compares).
const PAIRS: usize = 20;

/// The same of any other objective, whose curvature changes sooner.
const FEW_PAIRS: usize = 5;

/// Limited-memory BFGS on the pixels that are free to move, without a line search: a step is the
/// quasi-Newton one, of bounded length. What no pair has shown is taken to curve less for large
/// shapes than for fine ones ([`Smoothing`]).
#[derive(Default)]
pub(super) struct Lbfgs {
    pairs: Option<Pairs>,
    before: Option<Point>,
    smoothing: Option<Smoothing>,
}

impl Lbfgs {
    pub fn step(&mut self, at: Moment) -> Tensor<4> {
        let now = Point::of(&at);
        let most = if at.distance { PAIRS } else { FEW_PAIRS };
        let [.., side] = at.x.dims();
        let smoothing = self.smoothing.get_or_insert_with(|| Smoothing::new(side, &at.x.device()));
        let (free, gradient) = (now.free(), now.gradient.clone());
        let gradient = gradient * free.clone();
        let smooth = |rows: &Tensor<3>| dot(rows, &smoothing.apply(rows.clone())) + TINY;
        let mut scale = now.first.clone() * (dot(&gradient, &gradient) / smooth(&gradient));
        let direction = match self.before.take() {
            None => smoothing.apply(gradient) * scale * free,
            Some(before) => {
                let newest = Pair::between(&before, &now);
                let change = newest.change.clone() * free.clone();
                let (known, along) = upward(dot(&newest.step, &change), newest.lengths());
                scale = scale.mask_where(known, along / smooth(&change));
                let pairs = match self.pairs.take() {
                    Some(pairs) => pairs.and(newest, most),
                    None => Pairs::of(newest),
                };
                let unseen = |rows| smoothing.apply(rows) * scale.clone() * free.clone();
                self.pairs.insert(pairs).direction(gradient, &free, unseen)
            }
        };
        self.before = Some(now);
        moved(at, direction)
    }
}

/// Steps and the changes of the gradient, oldest first.
struct Pairs {
    /// `[batch, pairs, values]`.
    steps: Tensor<3>,
    /// `[batch, pairs, values]`.
    changes: Tensor<3>,
    /// Lengths of both multiplied, `[batch, pairs, 1]`.
    lengths: Tensor<3>,
}

impl Pairs {
    fn of(pair: Pair) -> Self {
        Self { lengths: pair.lengths(), steps: pair.step, changes: pair.change }
    }

    /// These and a newer one, less the oldest where they would be more than `most`.
    fn and(self, newest: Pair, most: usize) -> Self {
        let join = |old: Tensor<3>, new: Tensor<3>| {
            let [_, count, _] = old.dims();
            let kept = count.min(most - 1);
            Tensor::cat(vec![old.narrow(1, count - kept, kept), new], 1)
        };
        let newest = Self::of(newest);
        Self {
            steps: join(self.steps, newest.steps),
            changes: join(self.changes, newest.changes),
            lengths: join(self.lengths, newest.lengths),
        }
    }

    /// The inverse curvature times `gradient`, which is 0 where the images are not `free`; `unseen`
    /// is the inverse curvature as far as no pair has shown it.
    ///
    /// The usual two loops, but over the pairs' products with each other: the long rows are read
    /// a few times in all, not a few times a pair.
    fn direction(
        &self,
        gradient: Tensor<3>,
        free: &Tensor<3>,
        unseen: impl Fn(Tensor<3>) -> Tensor<3>,
    ) -> Tensor<3> {
        let [_, count, _] = self.steps.dims();
        // Step i times change j, where the images are free, [batch, pairs, pairs].
        let changes = self.changes.clone() * free.clone();
        let pairwise = products(self.steps.clone(), changes.clone());
        let along = dot(&self.steps, &changes);
        let (known, along) = upward(along, self.lengths.clone());
        let inverse = along.recip() * known.float();
        let sum = |shares, rows: &Tensor<3>| products(shares, rows.clone().swap_dims(1, 2));
        let entry = |rows: &Tensor<3>, i: usize| rows.clone().narrow(1, i, 1);

        let mut left = products(self.steps.clone(), gradient.clone());
        let mut shares = Vec::with_capacity(count);
        for i in (0..count).rev() {
            let share = entry(&left, i) * entry(&inverse, i);
            left = left - pairwise.clone().narrow(2, i, 1) * share.clone();
            shares.push(share);
        }
        shares.reverse();
        let all = Tensor::cat(shares.clone(), 1).swap_dims(1, 2);
        let q = unseen(gradient - sum(all, &self.changes) * free.clone());

        let mut back = products(self.changes.clone(), q.clone());
        let mut missing = Vec::with_capacity(count);
        for (i, share) in shares.into_iter().enumerate() {
            // A pair without curvature has no share of either.
            let more = share - entry(&back, i) * entry(&inverse, i);
            back = back + entry(&pairwise, i).swap_dims(1, 2) * more.clone();
            missing.push(more);
        }
        let all = Tensor::cat(missing, 1).swap_dims(1, 2);
        q + sum(all, &self.steps) * free.clone()
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    const VALUES: usize = 7;

    /// Numbers without a pattern, in [-1, 1).
    fn numbers(seed: usize) -> Vec<f64> {
        let number = |i: usize| ((seed * 131 + i * 37 + i * i * 11) % 101) as f64 / 50.5 - 1.0;
        (0..VALUES).map(number).collect()
    }

    fn rows(values: &[f64]) -> Tensor<3> {
        let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        Tensor::from_data(TensorData::new(values, [1, 1, VALUES]), &Device::flex())
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn add(a: &mut [f64], b: &[f64], factor: f64) {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += factor * b);
    }

    /// As textbooks have it, one pair after another.
    fn two_loops(pairs: &[(Vec<f64>, Vec<f64>)], gradient: &[f64], unseen: f64) -> Vec<f64> {
        let mut q = gradient.to_vec();
        let mut shares = Vec::new();
        for (step, change) in pairs.iter().rev() {
            let share = dot(step, &q) / dot(step, change);
            add(&mut q, change, -share);
            shares.push(share);
        }
        q.iter_mut().for_each(|value| *value *= unseen);
        for ((step, change), share) in pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(change, &q) / dot(step, change);
            add(&mut q, step, share - back);
        }
        q
    }

    #[test]
    fn products_of_pairs_give_what_the_two_loops_do() {
        let free: Vec<f64> = (0..VALUES).map(|i| f64::from(i != 2)).collect();
        let masked = |values: Vec<f64>| values.iter().zip(&free).map(|(v, f)| v * f).collect();
        // One pair shows no upward curvature and has no say.
        let pair = |seed: usize| {
            let step = numbers(seed);
            let sign = if seed == 3 { -1.0 } else { 1.0 };
            let mut change: Vec<f64> = numbers(seed + 50).iter().map(|v| 0.2 * v).collect();
            add(&mut change, &step, sign);
            (step, change)
        };
        let known: Vec<_> = (1..6).map(pair).collect();
        let mut pairs: Option<Pairs> = None;
        for (step, change) in &known {
            let newest = Pair { step: rows(step), change: rows(change) };
            pairs = Some(match pairs {
                Some(pairs) => pairs.and(newest, 4),
                None => Pairs::of(newest),
            });
        }
        let gradient: Vec<f64> = masked(numbers(9));
        let wanted = {
            // The first pair was forgotten.
            let said = [1, 3, 4].map(|i: usize| known[i].clone());
            let said: Vec<_> = said.into_iter().map(|(s, c)| (masked(s), masked(c))).collect();
            two_loops(&said, &gradient, 0.7)
        };
        let unseen = |rows: Tensor<3>| rows * 0.7;
        let found = pairs.unwrap().direction(rows(&gradient), &rows(&free), unseen);
        for (found, wanted) in found.into_data().iter::<f64>().zip(wanted) {
            assert!((found - wanted).abs() < 1e-5, "{found} for {wanted}");
        }
    }
}
