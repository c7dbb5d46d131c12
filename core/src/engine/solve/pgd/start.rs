//! Noise to start from.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::image::Pixels;

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
