//! Steps along the gradient that are as long as the last one suggests.

use burn::tensor::Tensor;

use super::curvature::{Pair, Point, dot, moved, upward};
use super::solver::{Moment, TINY};

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
        let free = now.free();
        let mut scale = now.first.clone();
        if let Some(before) = &self.before {
            let Pair { step, change } = Pair::between(before, &now);
            let pair = Pair { step: step * free.clone(), change: change * free.clone() };
            let (upward, along) = upward(dot(&pair.step, &pair.change), pair.lengths());
            let length = if self.long {
                dot(&pair.step, &pair.step) / along
            } else {
                along / (dot(&pair.change, &pair.change) + TINY)
            };
            scale = scale.mask_where(upward, length);
        }
        let direction = now.gradient.clone() * scale * free;
        self.before = Some(now);
        self.long = !self.long;
        moved(at, direction)
    }
}
