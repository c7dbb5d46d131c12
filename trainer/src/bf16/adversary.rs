//! Images as they are attacked, in f32: `[image][row][column][3]` in [0, 1].

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use robust_core::settings::Constraint;

use super::line::{Bf16, Line, Wide};
use super::product::Images;
use super::taps::{RUN, runs_across};

/// Mean and deviation of each channel, by which images are normalised.
#[derive(Clone, Copy, Debug)]
pub struct Normaliser {
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

impl Normaliser {
    /// Normalised images as the first convolution reads them: `[run of pixels][2][image]`, each
    /// number as the sum of two. A value at or beyond an end of [0, 1] is that end.
    pub fn read(&self, values: &[f32], size: usize, images: Images, out: &mut [Line]) {
        let (across, rows) = (runs_across(size), images.rows());
        out.par_chunks_mut(2 * rows).enumerate().for_each(|(place, out)| {
            let (upper, lower) = out.split_at_mut(rows);
            upper.fill(Line::default());
            lower.fill(Line::default());
            let pictures = values.chunks_exact(3 * size * size);
            for (picture, (upper, lower)) in pictures.zip(upper.iter_mut().zip(lower)) {
                for (lane, value) in run(picture, place, across, size).iter().enumerate() {
                    let c = lane % 3;
                    let value = (value.clamp(0.0, 1.0) - self.mean[c]) / self.std[c];
                    upper.0[lane] = Bf16::nearest(value);
                    lower.0[lane] = Bf16::nearest(value - upper.0[lane].wide());
                }
            }
        });
    }

    /// The gradient of one image, from that of what was read, `[run of pixels][image]`. A value at or
    /// beyond an end of [0, 1] has none.
    pub fn gradient(
        &self,
        of_read: &[Wide],
        image: usize,
        values: &[f32],
        size: usize,
        images: Images,
    ) -> Vec<f32> {
        let across = runs_across(size);
        let mut out = vec![0.0; values.len()];
        for place in 0..size * across {
            let range = run_range(place, across, size);
            let lanes = of_read[place * images.rows() + image].0;
            for (lane, (out, value)) in
                out[range.clone()].iter_mut().zip(&values[range]).enumerate()
            {
                let moves = *value > 0.0 && *value < 1.0;
                *out = if moves { lanes[lane] / self.std[lane % 3] } else { 0.0 };
            }
        }
        out
    }

    /// One step up the gradient for each of `images`, and back into the set around its `centre`.
    pub fn step(
        &self,
        x: &mut [f32],
        centre: &[f32],
        of_read: &[Wide],
        size: usize,
        images: Images,
        (constraint, length): (Constraint, f32),
    ) {
        let pictures = x.par_chunks_mut(3 * size * size).zip(centre.par_chunks(3 * size * size));
        pictures.enumerate().for_each(|(image, (x, centre))| {
            let gradient = self.gradient(of_read, image, x, size, images);
            constraint.step_image(x, &gradient, length, centre);
        });
    }
}

/// A random point of the set around each image, with a generator for each.
pub fn random_start(centre: &[f32], size: usize, constraint: Constraint, seed: u64) -> Vec<f32> {
    let mut start = centre.to_vec();
    start.par_chunks_mut(3 * size * size).enumerate().for_each(|(image, x)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(image as u64);
        constraint.start_image(x, &mut rng);
    });
    start
}

fn run_range(place: usize, across: usize, size: usize) -> std::ops::Range<usize> {
    let (y, x) = (place / across, place % across * RUN);
    3 * (y * size + x)..3 * (y * size + (x + RUN).min(size))
}

/// The values of a run of pixels.
fn run(picture: &[f32], place: usize, across: usize, size: usize) -> &[f32] {
    &picture[run_range(place, across, size)]
}
