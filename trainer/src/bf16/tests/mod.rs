//! Everything that is computed, beside loops that compute it in the plainest way.

mod convolutions;
mod network;

use super::line::{Bf16, LANES, Line, lines};
use super::product::Images;

/// Numbers in [-1, 1], the same for the same seed.
pub fn draw(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// The same numbers as bf16 has them.
pub fn rounded(values: &[f32]) -> Vec<f32> {
    values.iter().map(|value| Bf16::nearest(*value).wide()).collect()
}

/// Activations by image, channel and place as lines.
pub fn lines_of(values: &[f32], images: Images, channels: usize) -> Vec<Line> {
    let places = values.len() / images.count / channels;
    let mut out = vec![Line::default(); places * lines(channels) * images.rows()];
    for (i, value) in values.iter().enumerate() {
        let (image, channel, place) = (i / places / channels, i / places % channels, i % places);
        let line = (place * lines(channels) + channel / LANES) * images.rows() + image;
        out[line].0[channel % LANES] = Bf16::nearest(*value);
    }
    out
}
