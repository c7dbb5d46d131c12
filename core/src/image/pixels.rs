//! Images as numbers: RGB in [0, 1], one plane per channel.

/// A square RGB image, `[3, size, size]` row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    size: usize,
    values: Vec<f32>,
}

impl Pixels {
    /// Wraps `3 * size * size` values; `None` where their number differs.
    pub fn new(size: usize, values: Vec<f32>) -> Option<Self> {
        (values.len() == 3 * size * size).then_some(Self { size, values })
    }

    /// An image of one colour.
    pub fn flat(size: usize, rgb: [f32; 3]) -> Self {
        let values = rgb.iter().flat_map(|&v| std::iter::repeat_n(v, size * size)).collect();
        Self { size, values }
    }

    /// From each value's channel, column and row, called in the order of the values.
    pub fn from_fn(size: usize, mut value: impl FnMut(usize, usize, usize) -> f32) -> Self {
        let plane = size * size;
        let value = |i: usize| value(i / plane, i % size, i % plane / size);
        Self { size, values: (0..3 * plane).map(value).collect() }
    }

    /// From interleaved 8-bit RGB, row by row; `None` where the length differs.
    pub fn from_rgb8(size: usize, rgb: &[u8]) -> Option<Self> {
        if rgb.len() != 3 * size * size {
            return None;
        }
        let plane = |c: usize| rgb.iter().skip(c).step_by(3).map(|&v| f32::from(v) / 255.0);
        Some(Self { size, values: (0..3).flat_map(plane).collect() })
    }

    /// The image at `size` pixels, values between its pixels' centres interpolated linearly, held to
    /// [0, 1].
    pub fn enlarged(&self, size: usize) -> Self {
        let last = self.size.saturating_sub(1);
        // The pixels before and after a place, and the share of the one after.
        let around = |at: usize| {
            let place = (at as f32 + 0.5) * self.size as f32 / size as f32 - 0.5;
            let place = place.clamp(0.0, last as f32);
            let before = (place as usize).min(last);
            (before, (before + 1).min(last), place - before as f32)
        };
        let places: Vec<_> = (0..size).map(around).collect();
        let mut values = Vec::with_capacity(3 * size * size);
        for plane in self.values.chunks_exact((self.size * self.size).max(1)) {
            let mix = |row: usize, &(left, right, share): &(usize, usize, f32)| {
                let row = &plane[row * self.size..][..self.size];
                row[left] * (1.0 - share) + row[right] * share
            };
            for &(above, below, share) in &places {
                values.extend(places.iter().map(|across| {
                    let value = mix(above, across) * (1.0 - share) + mix(below, across) * share;
                    value.clamp(0.0, 1.0)
                }));
            }
        }
        Self { size, values }
    }

    /// Side in pixels.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The values, `[3, size, size]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Interleaved 8-bit RGB, rounded, clamped to [0, 1].
    pub fn to_rgb8(&self) -> Vec<u8> {
        self.interleaved(3)
    }

    /// Interleaved 8-bit RGBA, opaque: what a canvas takes.
    pub fn to_rgba8(&self) -> Vec<u8> {
        self.interleaved(4)
    }

    fn interleaved(&self, channels: usize) -> Vec<u8> {
        let plane = self.size * self.size;
        let mut bytes = vec![255; plane * channels];
        for (i, pixel) in bytes.chunks_exact_mut(channels).enumerate() {
            for (c, byte) in pixel.iter_mut().take(3).enumerate() {
                let value = self.values[c * plane + i];
                *byte = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_the_round_trip() {
        let rgb: Vec<u8> = (0..48).map(|i| (i * 5) as u8).collect();
        let pixels = Pixels::from_rgb8(4, &rgb).unwrap();
        assert_eq!(pixels.to_rgb8(), rgb);
        assert_eq!(pixels.to_rgba8().len(), 64);
        assert!(Pixels::from_rgb8(5, &rgb).is_none());
    }

    #[test]
    fn enlarging_interpolates_between_centres() {
        let small = Pixels::new(2, [0.0, 1.0, 0.0, 1.0].repeat(3)).unwrap();
        let large = small.enlarged(4);
        assert_eq!(large.values()[..4], [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(large.values()[..4], large.values()[44..]);
        assert_eq!(small.enlarged(2), small);
        assert_eq!(Pixels::flat(1, [0.2, 0.4, 2.0]).enlarged(3), Pixels::flat(3, [0.2, 0.4, 1.0]));
    }
}
