//! Strokes of a brush on an image: what the page draws itself.

use robust_core::link::{InkLink, StrokeLink};
use serde_bytes::ByteBuf;

use crate::protocol::Image;

/// Grey of a hole, which is where the networks' inputs have their middle.
pub const GREY: u32 = 0x80_80_80;

/// A straight stroke with round ends, in pixels of the image from its upper left corner.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    /// Where it begins.
    pub from: (f32, f32),
    /// Where it ends.
    pub to: (f32, f32),
    /// Half its width.
    pub radius: f32,
}

/// What a stroke leaves.
#[derive(Clone, Copy, Debug)]
pub enum Ink<'a> {
    /// A colour, `0xRRGGBB`.
    Colour(u32),
    /// What another image of the same size has there.
    Image(&'a Image),
}

impl Stroke {
    /// The pixels that it covers, of an image of `size`: place, row by row, and share in (0, 1].
    pub fn covered(self, size: u32) -> impl Iterator<Item = (usize, f32)> {
        let Self { from, to, radius } = self;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).max(f32::MIN_POSITIVE);
        (0..size * size).filter_map(move |place| {
            let (x, y) = ((place % size) as f32 + 0.5, (place / size) as f32 + 0.5);
            let along = ((x - from.0) * dx + (y - from.1) * dy) / length;
            let along = along.clamp(0.0, 1.0);
            let (x, y) = (x - from.0 - along * dx, y - from.1 - along * dy);
            let share = radius + 0.5 - (x * x + y * y).sqrt();
            (share > 0.0).then_some((place as usize, share.min(1.0)))
        })
    }

    /// Draws it.
    pub fn draw(self, image: &mut Image, ink: Ink) {
        for (place, share) in self.covered(image.size) {
            let Some(pixel) = image.rgba.get_mut(4 * place..4 * place + 3) else { return };
            let colour = match ink {
                Ink::Colour(colour) => bytes(colour),
                Ink::Image(other) => bytes(pixel_at(other, place)),
            };
            for (value, new) in pixel.iter_mut().zip(colour) {
                let mixed = f32::from(*value) + share * (f32::from(new) - f32::from(*value));
                *value = mixed.round() as u8;
            }
        }
    }
}

/// Red, green, blue.
fn bytes(colour: u32) -> [u8; 3] {
    let [_, red, green, blue] = colour.to_be_bytes();
    [red, green, blue]
}

/// An image of one colour.
pub fn flat(size: u32, colour: u32) -> Image {
    let [red, green, blue] = bytes(colour);
    let rgba = [red, green, blue, 255].repeat((size * size) as usize);
    Image { size, rgba: ByteBuf::from(rgba) }
}

/// About `0.5 + N(0, 1) / 20`, as other runs start, the same for the same seed.
///
/// Three uniform draws (of splitmix64) have half a deviation of one.
pub fn noise(size: u32, seed: u32) -> Image {
    let mut state = u64::from(seed);
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let value = |i: u32| match i % 4 {
        3 => 255,
        _ => (127.5 + 25.5 * (uniform() + uniform() + uniform())) as u8,
    };
    let rgba: Vec<u8> = (0..4 * size * size).map(value).collect();
    Image { size, rgba: ByteBuf::from(rgba) }
}

/// The pixels of an image of `size` that a hole takes: what was rubbed out and not brought back.
pub fn hole(strokes: &[StrokeLink], size: u32) -> Vec<bool> {
    let mut hole = vec![false; (size * size) as usize];
    for stroke in strokes {
        let gone = match stroke.ink {
            InkLink::Hole => true,
            InkLink::Sheet => false,
            InkLink::Colour(_) => continue,
        };
        for line in lines(stroke, size) {
            for (place, _) in line.covered(size) {
                hole[place] = gone;
            }
        }
    }
    hole
}

/// A stroke on an image of `size`: a dot where it begins, then its straight parts, as a hand draws
/// them.
pub fn lines(stroke: &StrokeLink, size: u32) -> impl Iterator<Item = Stroke> + '_ {
    (0..stroke.places.len() / 2).map(move |i| {
        let at = |i: usize| {
            let places = [stroke.places[2 * i], stroke.places[2 * i + 1]];
            places.map(|place| StrokeLink::share(place) * size as f32).into()
        };
        let radius = f32::from(stroke.width) / 200.0 * size as f32;
        Stroke { from: at(i.saturating_sub(1)), to: at(i), radius }
    })
}

/// The colour of a pixel; black where there is none.
pub fn pixel_at(image: &Image, place: usize) -> u32 {
    match image.rgba.get(4 * place..4 * place + 3) {
        Some(&[red, green, blue]) => u32::from_be_bytes([0, red, green, blue]),
        _ => 0,
    }
}

/// `image` with the pixels of `over`, an image of the same size, where `mask` is true.
pub fn laid_over(mut image: Image, over: &Image, mask: &[bool]) -> Image {
    let pixels = image.rgba.chunks_exact_mut(4).zip(over.rgba.chunks_exact(4));
    for ((pixel, over), _) in pixels.zip(mask).filter(|(_, covered)| **covered) {
        pixel.copy_from_slice(over);
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_covers_what_lies_under_it() {
        let mut image = flat(8, 0);
        let stroke = Stroke { from: (1.5, 4.5), to: (6.5, 4.5), radius: 1.0 };
        stroke.draw(&mut image, Ink::Colour(0xff_00_80));
        let at = |image: &Image, x: usize, y: usize| pixel_at(image, 8 * y + x);
        assert_eq!(at(&image, 4, 4), 0xff_00_80);
        // Half covered: the edge is soft.
        assert_eq!(at(&image, 4, 5), 0x80_00_40);
        assert_eq!((at(&image, 4, 6), at(&image, 4, 1)), (0, 0));
        // Its ends are round.
        assert_eq!(at(&image, 7, 4), 0x80_00_40);
        assert_eq!(at(&image, 7, 5), at(&image, 0, 3));
        stroke.draw(&mut image, Ink::Image(&flat(8, 0)));
        assert_eq!((at(&image, 4, 4), at(&image, 4, 5)), (0, 0x40_00_20));
        let dot = Stroke { from: (2.0, 2.0), to: (2.0, 2.0), radius: 0.5 };
        assert_eq!(dot.covered(8).count(), 4);
    }

    #[test]
    fn a_hole_is_what_was_rubbed_out_and_not_brought_back() {
        let stroke = |ink, shares: &[f32]| {
            let places: Vec<u8> = shares.iter().map(|&share| StrokeLink::place(share)).collect();
            StrokeLink { ink, width: 10, places: places.into() }
        };
        let rubbed = stroke(InkLink::Hole, &[0.2, 0.5, 0.8, 0.5]);
        let back = stroke(InkLink::Sheet, &[0.8, 0.5]);
        let drawn = stroke(InkLink::Colour(0), &[0.2, 0.2]);
        let at = |hole: &[bool], x: usize, y: usize| hole[10 * y + x];
        let whole = hole(&[rubbed.clone(), drawn], 10);
        assert!(at(&whole, 2, 5) && at(&whole, 5, 5) && at(&whole, 7, 5));
        assert!(!at(&whole, 2, 2) && !at(&whole, 5, 8));
        let part = hole(&[rubbed, back], 10);
        assert!(at(&part, 2, 5) && !at(&part, 7, 5));
    }

    #[test]
    fn noise_is_grey_in_the_mean_and_the_same_for_a_seed() {
        let image = noise(64, 7);
        let values: Vec<f32> =
            image.rgba.chunks(4).flat_map(|p| &p[..3]).map(|&v| f32::from(v)).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>();
        let deviation = (square / values.len() as f32).sqrt();
        assert!((mean - 127.0).abs() < 1.0, "{mean}");
        assert!((deviation - 12.75).abs() < 0.7, "{deviation}");
        assert_eq!(image, noise(64, 7));
        assert_ne!(image, noise(64, 8));
    }

    #[test]
    fn what_was_drawn_meanwhile_lies_above() {
        let mask = [true, false, false, true];
        let both = laid_over(flat(2, 0x11_22_33), &flat(2, 0xff_ff_ff), &mask);
        let colours: Vec<u32> = (0..4).map(|place| pixel_at(&both, place)).collect();
        assert_eq!(colours, [0xff_ff_ff, 0x11_22_33, 0x11_22_33, 0xff_ff_ff]);
    }
}
