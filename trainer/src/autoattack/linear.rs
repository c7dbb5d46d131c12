//! A linear network, whose robust radius is known, for tests.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::loss::largest;
use super::*;

const SIDE: usize = 6;
const VALUES: usize = 3 * SIDE * SIDE;

/// `Wx + b`, a row of `W` a class.
pub struct Linear(Vec<(Vec<f32>, f32)>);

impl Linear {
    fn drawn(classes: usize, rng: &mut impl Rng) -> Self {
        let mut row = || (0..VALUES).map(|_| rng.random_range(-1.0..=1.0)).collect();
        Self((0..classes).map(|_| (row(), 0.0)).collect())
    }

    fn of(&self, image: &[f32]) -> Vec<f32> {
        let dot = |w: &[f32]| w.iter().zip(image).map(|(w, x)| w * x).sum::<f32>();
        self.0.iter().map(|(w, b)| dot(w) + b).collect()
    }

    /// How far the nearest image of another class is, where the ends of [0, 1] are not in the way.
    fn radius(&self, norm: Norm, image: &[f32], label: usize) -> f64 {
        let logits = self.of(image);
        let to = |class: usize| {
            let difference = self.0[class].0.iter().zip(&self.0[label].0).map(|(a, b)| a - b);
            // Of the norm dual to the ball's.
            let slope = match norm {
                Norm::L2 => norm.length(difference),
                Norm::Linf => difference.map(|v| f64::from(v.abs())).sum(),
            };
            f64::from(logits[label] - logits[class]) / slope
        };
        let others = (0..self.0.len()).filter(|&class| class != label);
        others.map(to).fold(f64::INFINITY, f64::min)
    }
}

impl Classifier for Linear {
    fn logits(&self, images: &[&[f32]]) -> Result<Vec<Vec<f32>>> {
        Ok(images.iter().map(|image| self.of(image)).collect())
    }

    fn gradients(
        &self,
        images: &[&[f32]],
        weights: &dyn Fn(usize, &[f32]) -> Vec<f32>,
    ) -> Result<Vec<Slope>> {
        let of_image = |(i, image): (usize, &&[f32])| {
            let logits = self.of(image);
            let weights = weights(i, &logits);
            let value = |at: usize| weights.iter().zip(&self.0).map(|(v, (w, _))| v * w[at]).sum();
            (logits, (0..VALUES).map(value).collect())
        };
        Ok(images.iter().enumerate().map(of_image).collect())
    }
}

/// A network, an image that it mistakes, one that falls at the radius that is given as well, and one that
/// stands there.
pub fn three() -> (Linear, Vec<Example>, f32) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let network = Linear::drawn(6, &mut rng);
    let mut images: Vec<(f64, Example)> = (0..3)
        .map(|index| {
            let pixels: Vec<f32> = (0..VALUES).map(|_| rng.random_range(0.2..=0.8)).collect();
            let label = largest(&network.of(&pixels));
            (network.radius(Norm::L2, &pixels, label), Example { pixels, label, index })
        })
        .collect();
    images.sort_by(|a, b| a.0.total_cmp(&b.0));
    let eps = ((images[1].0 + images[2].0) / 2.0) as f32;
    images[0].1.label = (images[0].1.label + 1) % 6;
    (network, images.into_iter().map(|(_, example)| example).collect(), eps)
}

/// Effort enough for these.
pub fn quick() -> Effort {
    Effort { steps: 100, queries: 2500, seed: 3 }
}

/// Checks an attack on ten images: at `beyond` their robust radius each falls, to an image in the ball
/// and in [0, 1] that really is called another class; at 0.99 of it none does.
pub fn holds_and_falls(attack: Attack, norm: Norm, beyond: f64, effort: &Effort) {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let network = Linear::drawn(6, &mut rng);
    for index in 0..10 {
        let mut network = Linear(network.0.clone());
        // So grey that its radius ends before white and black.
        let pixels: Vec<f32> = (0..VALUES).map(|_| rng.random_range(0.4..=0.6)).collect();
        let logits = network.of(&pixels);
        let label = largest(&logits);
        // A small lead for the largest, whatever was drawn.
        let second = (0..6).filter(|&c| c != label).map(|c| logits[c]).fold(f32::MIN, f32::max);
        network.0[label].1 = second - logits[label] + 0.5;
        let radius = network.radius(norm, &pixels, label);
        let example = Example { pixels, label, index };
        let run = |share: f64| {
            let ball = Ball { norm, eps: (radius * share) as f32 };
            let found = attack.run(&network, &[&example], ball, effort, &mut |_| true).unwrap();
            (ball, found.into_iter().next().flatten())
        };
        assert!(run(0.99).1.is_none(), "{attack:?} in {norm:?} found what cannot be");
        let (ball, found) = run(beyond);
        let Some(found) = found else { panic!("{attack:?} in {norm:?} missed image {index}") };
        assert!(ball.contains(&found, &example.pixels), "{attack:?} left its {norm:?} ball");
        assert_ne!(largest(&network.of(&found)), label);
    }
}
