//! Auto-PGD (Croce and Hein 2020, algorithm 1): gradient ascent with momentum in the ball, whose steps
//! begin at twice the radius and are halved where an image makes no progress, which then goes on from
//! its best point.

use anyhow::Result;
use rand::Rng;
use rayon::prelude::*;

use super::loss::Loss;
use super::{Ball, Classifier, Example, Found, Watch, is_fooled};

/// Share of the newest step; the rest is the momentum of the one before.
const NEWEST: f32 = 0.75;

/// Share of steps between two checkpoints that must have raised the loss.
const RISING: f32 = 0.75;

/// One image on its way.
struct Path<'a> {
    example: &'a Example,
    loss: Loss,
    x: Vec<f32>,
    /// Where it was before its last step.
    before: Vec<f32>,
    gradient: Vec<f32>,
    value: f32,
    best: Best,
    step_size: f32,
    /// Since the last checkpoint: steps that raised the loss, the best loss, whether steps were halved.
    rises: usize,
    best_then: f32,
    halved: bool,
    fooled: bool,
}

struct Best {
    x: Vec<f32>,
    gradient: Vec<f32>,
    value: f32,
}

/// Attacks each image with its own loss and its own draws.
pub fn attack(
    network: &dyn Classifier,
    examples: &[&Example],
    losses: &[Loss],
    ball: Ball,
    steps: usize,
    rngs: &mut [impl Rng],
    watch: &mut Watch<'_>,
) -> Result<Found> {
    let starts = examples.iter().zip(losses).zip(rngs);
    let mut paths: Vec<Path<'_>> = starts
        .map(|((example, &loss), rng)| {
            Path::new(example, loss, ball.start(&example.pixels, rng), ball)
        })
        .collect();
    evaluate(network, &mut paths)?;
    for path in &mut paths {
        (path.rises, path.best_then) = (0, path.best.value);
    }
    let checkpoints = checkpoints(steps);
    let mut last = 0;
    for step in 0..steps {
        if paths.iter().all(|path| path.fooled) || !watch(step) {
            break;
        }
        let standing = paths.par_iter_mut().filter(|path| !path.fooled);
        standing.for_each(|path| path.advance(step == 0, ball));
        evaluate(network, &mut paths)?;
        if checkpoints.contains(&(step + 1)) {
            let standing = paths.iter_mut().filter(|path| !path.fooled);
            standing.for_each(|path| path.check(step + 1 - last));
            last = step + 1;
        }
    }
    Ok(paths.into_iter().map(|path| path.fooled.then_some(path.x)).collect())
}

/// Judges all points that do not fool the network yet.
fn evaluate(network: &dyn Classifier, paths: &mut [Path<'_>]) -> Result<()> {
    let mut standing: Vec<&mut Path<'_>> = paths.iter_mut().filter(|path| !path.fooled).collect();
    let images: Vec<&[f32]> = standing.iter().map(|path| &*path.x).collect();
    let losses: Vec<Loss> = standing.iter().map(|path| path.loss).collect();
    let slopes = network.gradients(&images, &|i, logits| losses[i].of(logits).1)?;
    for (path, (logits, gradient)) in standing.iter_mut().zip(slopes) {
        path.take(&logits, gradient);
    }
    Ok(())
}

/// After how many steps progress is looked at: after 22 % of them, then after ever fewer, at least 6 %.
fn checkpoints(steps: usize) -> Vec<usize> {
    let (mut before, mut at) = (0.0, 0.22);
    let mut all = Vec::new();
    while at <= 1.0 {
        // A hair less, so that a share which is a whole number of steps stays one.
        all.push((at * steps as f64 - 1e-9).ceil() as usize);
        (before, at) = (at, at + f64::max(at - before - 0.03, 0.06));
    }
    all
}

impl<'a> Path<'a> {
    fn new(example: &'a Example, loss: Loss, start: Vec<f32>, ball: Ball) -> Self {
        Self {
            example,
            loss,
            before: start.clone(),
            gradient: Vec::new(),
            value: f32::NEG_INFINITY,
            best: Best { x: start.clone(), gradient: Vec::new(), value: f32::NEG_INFINITY },
            x: start,
            step_size: 2.0 * ball.eps,
            rises: 0,
            best_then: f32::NEG_INFINITY,
            halved: false,
            fooled: false,
        }
    }

    /// One step: along the gradient, and some of the way that the last one went.
    fn advance(&mut self, first: bool, ball: Ball) {
        let centre = &self.example.pixels;
        let direction = ball.norm.steepest(&self.gradient);
        let mut ahead: Vec<f32> =
            self.x.iter().zip(direction).map(|(x, d)| x + self.step_size * d).collect();
        ball.project(&mut ahead, centre);
        if !first {
            for ((z, x), before) in ahead.iter_mut().zip(&self.x).zip(&self.before) {
                *z = x + NEWEST * (*z - x) + (1.0 - NEWEST) * (x - before);
            }
            ball.project(&mut ahead, centre);
        }
        self.before = std::mem::replace(&mut self.x, ahead);
    }

    /// Takes what the network says of the point.
    fn take(&mut self, logits: &[f32], gradient: Vec<f32>) {
        let (value, _) = self.loss.of(logits);
        self.fooled = is_fooled(logits, self.example.label);
        self.rises += usize::from(value > self.value);
        if value > self.best.value {
            self.best = Best { x: self.x.clone(), gradient: gradient.clone(), value };
        }
        (self.value, self.gradient) = (value, gradient);
    }

    /// Halves the steps, and goes back to the best point, where too few of the last `steps` raised the
    /// loss, or its best has stayed as it was at steps of this length.
    fn check(&mut self, steps: usize) {
        let oscillates = (self.rises as f32) < RISING * steps as f32;
        let stuck = !self.halved && self.best.value <= self.best_then;
        self.halved = oscillates || stuck;
        if self.halved {
            self.step_size /= 2.0;
            self.x.clone_from(&self.best.x);
            self.gradient.clone_from(&self.best.gradient);
            self.value = self.best.value;
        }
        (self.rises, self.best_then) = (0, self.best.value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::linear::{holds_and_falls, quick};
    use super::super::{Attack, Norm};
    use super::*;

    #[test]
    fn progress_is_looked_at_as_in_the_paper() {
        assert_eq!(checkpoints(100), [22, 41, 57, 70, 80, 87, 93, 99]);
    }

    #[test]
    fn a_linear_network_falls_just_beyond_its_radius_and_never_below() {
        for norm in [Norm::L2, Norm::Linf] {
            holds_and_falls(Attack::ApgdT, norm, 1.01, &quick());
            // It climbs away from all other classes at once, and not the shortest way to any.
            holds_and_falls(Attack::ApgdCe, norm, 2.0, &quick());
        }
    }
}
