//! Random changes to training images.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What is changed, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Augment {
    /// Shift images by up to this share of their side, reflected at the edge
    #[arg(long = "shift", default_value_t = 0.0625)]
    pub shift: f32,
    /// Do not mirror images at random
    #[arg(long = "no-flip")]
    pub no_flip: bool,
    /// Change brightness, contrast and saturation by up to this share
    #[arg(long = "colour", default_value_t = 0.0)]
    pub colour: f32,
}

impl Augment {
    /// `image` brought to `size` pixels and changed as `rng` draws.
    pub fn apply(&self, image: &RgbImage, size: u32, rng: &mut ChaCha8Rng) -> RgbImage {
        let mut image = if image.width() == size {
            image.clone()
        } else {
            imageops::resize(image, size, size, FilterType::Triangle)
        };
        let reach = (self.shift * size as f32).round() as i64;
        if reach > 0 {
            let mut offset = || rng.random_range(-reach..=reach);
            let (dx, dy) = (offset(), offset());
            image = shifted(&image, dx, dy);
        }
        if !self.no_flip && rng.random() {
            imageops::flip_horizontal_in_place(&mut image);
        }
        if self.colour > 0.0 {
            let mut factor = || 1.0 + self.colour * (2.0 * rng.random::<f32>() - 1.0);
            let (brightness, contrast, saturation) = (factor(), factor(), factor());
            recolour(&mut image, brightness, contrast, saturation);
        }
        image
    }
}

/// The image moved, its edge filled with its mirror image.
fn shifted(image: &RgbImage, dx: i64, dy: i64) -> RgbImage {
    let reflect = |at: i64, length: u32| {
        let last = i64::from(length) - 1;
        (last - (last - at.abs()).abs()).clamp(0, last) as u32
    };
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let x = reflect(i64::from(x) + dx, image.width());
        *image.get_pixel(x, reflect(i64::from(y) + dy, image.height()))
    })
}

fn recolour(image: &mut RgbImage, brightness: f32, contrast: f32, saturation: f32) {
    let grey = |p: &Rgb<u8>| {
        0.299 * f32::from(p.0[0]) + 0.587 * f32::from(p.0[1]) + 0.114 * f32::from(p.0[2])
    };
    let mean = image.pixels().map(grey).sum::<f32>() / (image.width() * image.height()) as f32;
    for pixel in image.pixels_mut() {
        let grey = grey(pixel);
        for value in &mut pixel.0 {
            let saturated = grey + (f32::from(*value) - grey) * saturation;
            let contrasted = mean + (saturated - mean) * contrast;
            *value = (contrasted * brightness).round().clamp(0.0, 255.0) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_edge_is_a_mirror() {
        let image = RgbImage::from_fn(4, 1, |x, _| Rgb([x as u8; 3]));
        let row = |dx| shifted(&image, dx, 0).pixels().map(|p| p.0[0]).collect::<Vec<_>>();
        assert_eq!(row(0), [0, 1, 2, 3]);
        assert_eq!(row(2), [2, 3, 2, 1]);
        assert_eq!(row(-1), [1, 0, 1, 2]);
    }

    #[test]
    fn the_same_draw_makes_the_same_image() {
        let image = RgbImage::from_fn(16, 16, |x, y| Rgb([x as u8 * 9, y as u8 * 9, 77]));
        let augment = Augment { shift: 0.25, no_flip: false, colour: 0.4 };
        let draw = |seed| augment.apply(&image, 16, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(draw(1), draw(1));
        assert!((2..9).any(|seed| draw(seed) != draw(1)));
        let none = Augment { shift: 0.0, no_flip: true, colour: 0.0 };
        let same = none.apply(&image, 16, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(same, image);
        assert_eq!(none.apply(&image, 8, &mut ChaCha8Rng::seed_from_u64(1)).width(), 8);
    }
}
