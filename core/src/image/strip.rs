//! A path as files to keep: an animation, or a filmstrip that carries its link.

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, RgbaImage};

use crate::image::Pixels;
use crate::image::photo::PhotoError;
use crate::link::KEYWORD;
use crate::settings::path::FRAME_MS;

/// Smallest side of a saved frame, in pixels: networks see small, people do not.
const MIN_SIDE: usize = 256;

fn encode(error: impl ToString) -> PhotoError {
    PhotoError::Encode(error.to_string())
}

/// Each pixel as a square of `factor` pixels, interleaved RGB or RGBA.
fn enlarged(image: &Pixels, rgba: bool) -> (usize, Vec<u8>) {
    let factor = MIN_SIDE.div_ceil(image.size().max(1)).max(1);
    let (channels, small) = if rgba { (4, image.to_rgba8()) } else { (3, image.to_rgb8()) };
    let side = image.size() * factor;
    let mut large = Vec::with_capacity(side * side * channels);
    for y in 0..side {
        for x in 0..side {
            let at = ((y / factor) * image.size() + x / factor) * channels;
            large.extend_from_slice(&small[at..at + channels]);
        }
    }
    (side, large)
}

/// There and back again: the order in which an animation shows `count` frames.
fn loop_order(count: usize) -> impl Iterator<Item = usize> {
    (0..count).chain((1..count.saturating_sub(1)).rev())
}

/// An animated GIF that runs back and forth for ever.
///
/// # Errors
///
/// [`PhotoError::Encode`] where memory ran out.
pub fn to_gif(frames: &[Pixels]) -> Result<Vec<u8>, PhotoError> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 10);
    encoder.set_repeat(Repeat::Infinite).map_err(encode)?;
    for i in loop_order(frames.len()) {
        let (side, rgba) = enlarged(&frames[i], true);
        let image = RgbaImage::from_raw(side as u32, side as u32, rgba)
            .ok_or_else(|| encode("a frame is not square"))?;
        let delay = Delay::from_numer_denom_ms(FRAME_MS, 1);
        encoder.encode_frame(Frame::from_parts(image, 0, 0, delay)).map_err(encode)?;
    }
    drop(encoder);
    Ok(bytes)
}

/// An animated PNG that runs back and forth for ever: every colour exact.
///
/// # Errors
///
/// [`PhotoError::Encode`] where there is no frame or memory ran out.
pub fn to_apng(frames: &[Pixels]) -> Result<Vec<u8>, PhotoError> {
    let order: Vec<usize> = loop_order(frames.len()).collect();
    let first = frames.first().ok_or_else(|| encode("there is no frame"))?;
    let side = enlarged(first, false).0 as u32;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(order.len() as u32, 0).map_err(encode)?;
    encoder.set_frame_delay(FRAME_MS as u16, 1000).map_err(encode)?;
    let mut writer = encoder.write_header().map_err(encode)?;
    for i in order {
        writer.write_image_data(&enlarged(&frames[i], false).1).map_err(encode)?;
    }
    writer.finish().map_err(encode)?;
    Ok(bytes)
}

/// All frames side by side as a PNG with `link` inside, so that the picture opens the path again.
///
/// # Errors
///
/// [`PhotoError::Encode`] where there is no frame or memory ran out.
pub fn to_filmstrip(frames: &[Pixels], link: &str) -> Result<Vec<u8>, PhotoError> {
    let large: Vec<(usize, Vec<u8>)> = frames.iter().map(|frame| enlarged(frame, false)).collect();
    let side = large.first().ok_or_else(|| encode("there is no frame"))?.0;
    let rows = (0..side).flat_map(|y| large.iter().map(move |(side, rgb)| (y, *side, rgb)));
    let pixels: Vec<u8> =
        rows.flat_map(|(y, side, rgb)| &rgb[y * side * 3..][..side * 3]).copied().collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, (side * large.len()) as u32, side as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk(KEYWORD.into(), link.into()).map_err(encode)?;
    let mut writer = encoder.write_header().map_err(encode)?;
    writer.write_image_data(&pixels).map_err(encode)?;
    writer.finish().map_err(encode)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::image::photo::Photo;
    use crate::link::link_of;
    use crate::settings::Crop;

    fn frames() -> Vec<Pixels> {
        (0..4).map(|i| Pixels::flat(64, [i as f32 / 3.0, 0.5, 0.0])).collect()
    }

    #[test]
    fn a_filmstrip_carries_its_link() {
        let file = to_filmstrip(&frames(), "1.abc").unwrap();
        assert_eq!(link_of(&file).as_deref(), Some("1.abc"));
        let photo = Photo::decode(&file, [0; 3]).unwrap();
        assert_eq!(photo.dimensions(), (4 * 256, 256));
        let last = photo.square(Crop::Square { x: 1.0, y: 0.5, side: 0.5 }, 1);
        assert!((last.values()[0] - 1.0).abs() < 0.01);
        assert_eq!(link_of(&crate::image::photo::to_png(&frames()[0]).unwrap()), None);
        assert_eq!(link_of(b"no file"), None);
        assert_eq!(link_of(&file[..20]), None);
    }

    #[test]
    fn animations_run_back_and_forth() {
        assert_eq!(loop_order(4).collect::<Vec<_>>(), [0, 1, 2, 3, 2, 1]);
        let gif = to_gif(&frames()).unwrap();
        let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(gif)).unwrap();
        assert_eq!(image::AnimationDecoder::into_frames(decoder).count(), 6);
        let apng = to_apng(&frames()).unwrap();
        let reader = png::Decoder::new(Cursor::new(apng)).read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 6);
    }
}
