//! Strokes of a brush on an image: what the page draws itself.

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
    fn what_was_drawn_meanwhile_lies_above() {
        let mask = [true, false, false, true];
        let both = laid_over(flat(2, 0x11_22_33), &flat(2, 0xff_ff_ff), &mask);
        let colours: Vec<u32> = (0..4).map(|place| pixel_at(&both, place)).collect();
        assert_eq!(colours, [0xff_ff_ff, 0x11_22_33, 0x11_22_33, 0xff_ff_ff]);
    }
}
