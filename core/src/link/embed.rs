//! Photos small enough to travel inside a link.

use image::{ExtendedColorType, ImageEncoder, codecs::webp::WebPEncoder};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::check::MAX_PHOTO;
use crate::image::Pixels;
use crate::image::photo::{Photo, PhotoError};
use crate::settings::Crop;

/// Room for one photo of 64 pixels or less: two of these and the settings stay under 8 kB of text.
const BUDGET: usize = 2900;

/// JPEG qualities to try, the best first.
const QUALITIES: [u8; 10] = [95, 91, 87, 83, 78, 72, 65, 55, 40, 20];

/// Largest side of an embedded photo, in pixels.
const MAX_SIDE: u32 = 512;

/// The file of a photo as the network sees it: JPEG in the best quality that fits, or lossless
/// WebP where that is smaller.
///
/// Whoever shares a photo should compute with [`open`] of this, for that is what others see.
///
/// # Errors
///
/// [`PhotoError::TooLarge`] where it does not fit in any quality.
pub fn embed(image: &Pixels) -> Result<Vec<u8>, PhotoError> {
    let room = budget(image.size());
    let jpegs = QUALITIES.iter().map(|&quality| jpeg(image, quality));
    let mut last = Vec::new();
    for bytes in jpegs {
        last = bytes?;
        if last.len() <= room {
            break;
        }
    }
    let webp = webp(image)?;
    let smaller = if webp.len() <= last.len() { webp } else { last };
    if smaller.len() <= MAX_PHOTO { Ok(smaller) } else { Err(PhotoError::TooLarge) }
}

/// The photo of a link, `size` pixels square.
///
/// # Errors
///
/// [`PhotoError`] where the bytes are no image, or one that no link holds.
pub fn open(bytes: &[u8], size: usize) -> Result<Pixels, PhotoError> {
    let photo = Photo::decode_within(bytes, [255; 3], MAX_SIDE)?;
    Ok(photo.square(Crop::Centre, size))
}

/// Room for one photo of `size` pixels: more of them get twice as much at most, so that two photos and
/// the settings stay under 16 kB of text.
fn budget(size: usize) -> usize {
    BUDGET * size.clamp(64, 128) / 64
}

fn jpeg(image: &Pixels, quality: u8) -> Result<Vec<u8>, PhotoError> {
    let mut bytes = Vec::new();
    let side = u16::try_from(image.size()).map_err(|_| PhotoError::TooLarge)?;
    let mut encoder = Encoder::new(&mut bytes, quality);
    // Tables made for this one image leave room for the whole colour resolution. (With half of
    // it the encoder writes scans that `image` reads wrongly.)
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.set_optimized_huffman_tables(true);
    let encoded = encoder.encode(&image.to_rgb8(), side, side, ColorType::Rgb);
    encoded.map_err(|error| PhotoError::Encode(error.to_string()))?;
    Ok(bytes)
}

fn webp(image: &Pixels) -> Result<Vec<u8>, PhotoError> {
    let mut bytes = Vec::new();
    let side = image.size() as u32;
    WebPEncoder::new_lossless(&mut bytes)
        .write_image(&image.to_rgb8(), side, side, ExtendedColorType::Rgb8)
        .map_err(|error| PhotoError::Encode(error.to_string()))?;
    Ok(bytes)
}
