//! Random changes to training images.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::ranges;

/// Longest side of a part that is cut out, in its shortest.
const WIDEST: f32 = 4.0 / 3.0;

/// What is changed, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Augment {
    /// Smallest share of an image's area that is cut out and enlarged; 1 shows all of it
    #[arg(long = "crop", default_value_t = 1.0, value_parser = share_of_area)]
    #[serde(default = "whole")]
    pub crop: f32,
    /// Shift images by up to this share of their side, reflected at the edge
    #[arg(long = "shift", default_value_t = 0.0625, value_parser = ranges::share)]
    pub shift: f32,
    /// Do not mirror images at random
    #[arg(long = "no-flip")]
    pub no_flip: bool,
    /// Change brightness, contrast and saturation by up to this share
    #[arg(long = "colour", default_value_t = 0.0, value_parser = ranges::share)]
    pub colour: f32,
    /// Chance that a rectangle of 2 to 33 % of an image's area is filled with noise
    #[arg(long = "erase", default_value_t = 0.0, value_parser = ranges::share)]
    #[serde(default)]
    pub erase: f32,
}

/// What checkpoints of before `crop` mean.
fn whole() -> f32 {
    1.0
}

fn share_of_area(text: &str) -> Result<f32, String> {
    let share: f32 = text.parse().map_err(|_| "not a number".to_string())?;
    let fits = share > 0.0 && share <= 1.0;
    if fits { Ok(share) } else { Err("a share of the area is above 0 and at most 1".into()) }
}

impl Augment {
    /// The side, in pixels, beyond which an image shows no more in any part that is cut out of it and brought to
    /// `size` pixels.
    pub fn useful_side(&self, size: usize) -> usize {
        // A part of nearly everything cannot be wide: its longer side ends at the image's.
        let widest = WIDEST.min(1.0 / self.crop);
        (size as f32 * (widest / self.crop).sqrt()).round() as usize
    }

    /// `image` brought to `size` pixels and changed as `rng` draws.
    pub fn apply(&self, image: &RgbImage, size: u32, rng: &mut ChaCha8Rng) -> RgbImage {
        let cut = (self.crop < 1.0).then(|| cut_out(image, self.crop, rng));
        let image = cut.as_ref().unwrap_or(image);
        let mut image = if image.dimensions() == (size, size) {
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
        if self.erase > 0.0 && rng.random::<f32>() < self.erase {
            erase(&mut image, rng);
        }
        image
    }
}

/// A rectangle of `image` filled with noise (Zhong et al. 2017, whose ranges of area and sides these are).
fn erase(image: &mut RgbImage, rng: &mut ChaCha8Rng) {
    let area = rng.random_range(0.02..=0.33);
    let hole = part(image, area, 10.0 / 3.0, rng);
    for y in hole.y..hole.y + hole.height {
        for x in hole.x..hole.x + hole.width {
            image.put_pixel(x, y, Rgb(rng.random()));
        }
    }
}

/// A part of `image` with at least the share `least` of its area and sides up to 4:3 either way, at a random place.
fn cut_out(image: &RgbImage, least: f32, rng: &mut ChaCha8Rng) -> RgbImage {
    let area = rng.random_range(least..=1.0);
    let Part { x, y, width, height } = part(image, area, WIDEST, rng);
    imageops::crop_imm(image, x, y, width, height).to_image()
}

/// A rectangle of an image, in pixels.
struct Part {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

/// One with the share `area` of all pixels and sides up to `widest` to 1 either way, at a random place.
fn part(image: &RgbImage, area: f32, widest: f32, rng: &mut ChaCha8Rng) -> Part {
    let widest = widest.min(1.0 / area).ln();
    let stretch = rng.random_range(-widest..=widest).exp().sqrt();
    let side = |length: u32, share: f32| ((length as f32 * share).round() as u32).clamp(1, length);
    let width = side(image.width(), area.sqrt() * stretch);
    let height = side(image.height(), area.sqrt() / stretch);
    let x = rng.random_range(0..=image.width() - width);
    let y = rng.random_range(0..=image.height() - height);
    Part { x, y, width, height }
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
    fn a_part_is_as_large_as_asked() {
        let image = RgbImage::from_fn(60, 60, |x, y| Rgb([x as u8, y as u8, 0]));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let areas: Vec<f32> = (0..200)
            .map(|_| {
                let part = cut_out(&image, 0.4, &mut rng);
                let (first, last) =
                    (part.get_pixel(0, 0), part.get_pixel(part.width() - 1, part.height() - 1));
                assert_eq!(u32::from(last.0[0] - first.0[0]) + 1, part.width());
                assert_eq!(u32::from(last.0[1] - first.0[1]) + 1, part.height());
                (part.width() * part.height()) as f32 / 3600.0
            })
            .collect();
        assert!(areas.iter().all(|area| (0.38..=1.0).contains(area)), "{areas:?}");
        assert!(areas.iter().any(|area| *area < 0.5) && areas.iter().any(|area| *area > 0.9));
    }

    #[test]
    fn a_hole_is_one_rectangle_of_the_asked_size() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..100 {
            let mut image = RgbImage::from_pixel(40, 40, Rgb([255, 0, 255]));
            erase(&mut image, &mut rng);
            let noisy = |&(_, _, pixel): &(u32, u32, &Rgb<u8>)| pixel.0 != [255, 0, 255];
            let hole: Vec<_> = image.enumerate_pixels().filter(noisy).collect();
            let side =
                |values: Vec<u32>| values.iter().max().unwrap() - values.iter().min().unwrap() + 1;
            let width = side(hole.iter().map(|pixel| pixel.0).collect());
            let height = side(hole.iter().map(|pixel| pixel.1).collect());
            assert_eq!(hole.len() as u32, width * height);
            assert!((0.01..0.35).contains(&(hole.len() as f32 / 1600.0)), "{width}x{height}");
        }
    }

    /// The smallest part has as many pixels on its shorter side as the image that is made of it.
    #[test]
    fn a_useful_side_is_no_longer_than_the_smallest_part_needs() {
        let augment = |crop| Augment { crop, shift: 0.0, no_flip: true, colour: 0.0, erase: 0.0 };
        assert_eq!(augment(1.0 / 3.0).useful_side(64), 128);
        assert_eq!(augment(1.0).useful_side(64), 64);
    }

    #[test]
    fn the_same_draw_makes_the_same_image() {
        let image = RgbImage::from_fn(16, 16, |x, y| Rgb([x as u8 * 9, y as u8 * 9, 77]));
        let augment = Augment { crop: 0.5, shift: 0.25, no_flip: false, colour: 0.4, erase: 0.5 };
        let draw = |seed| augment.apply(&image, 16, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(draw(1), draw(1));
        assert!((2..9).any(|seed| draw(seed) != draw(1)));
        let none = Augment { crop: 1.0, shift: 0.0, no_flip: true, colour: 0.0, erase: 0.0 };
        let same = none.apply(&image, 16, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(same, image);
        assert_eq!(none.apply(&image, 8, &mut ChaCha8Rng::seed_from_u64(1)).width(), 8);
    }
}
